"""A small network, made through the services: what its names say must never be believed by a page."""

import asyncio
from datetime import datetime, timedelta
from itertools import count

from msgspec.structs import replace

from forecourt.domain import availability
from forecourt.domain.availability import StatusReport
from forecourt.domain.meter import POWER, REGISTER, SOC, MeterValue, Sample
from forecourt.domain.outcome import Outcome, PileState
from forecourt.domain.pile import Pile, Registration
from forecourt.domain.provisioning import BootReport
from forecourt.domain.records import LogEntry, PileNote, PileVariable, RepairCount
from forecourt.domain.session import RejectedMessage
from forecourt.domain.station import Station
from forecourt.domain.tariff_presets import CHINA_TIME_OF_USE
from forecourt.domain.token import Token, TokenRef
from forecourt.domain.transaction_event import Kind, TransactionEvent
from forecourt.services import billing, live, network, provisioning, transactions
from forecourt.services.context import Services

EVIL = "<script>alert(1)</script>"
EVIL_NAME = "\"'><img src=x onerror=alert(1)>{{ 7*7 }}"
# An id may hold anything but a slash, a backslash and control characters.
EVIL_PILE = "P\"'<b>&%20 ?#"
TOKEN = "04A2B3C4D5E680"
STATION = Station(
    id="plaza",
    name="Plaza",
    name_zh="广场超充站",
    city="Guangzhou",
    city_zh="广州",
    address="1 Main Street",
    lat=23.1,
    lon=113.3,
    grid_w=1_600_000,
    tariff_id=CHINA_TIME_OF_USE.id,
)
EVIL_STATION = Station(
    id='e"<i>&', name=EVIL_NAME, name_zh=EVIL, city=EVIL, lat=31.2, lon=121.5, address=EVIL
)
_numbers = count(1)


class Charged:
    """A pile that is connected, and what it does: each step is decided by the services and committed."""

    def __init__(self, sv: Services, state: PileState, now: datetime) -> None:
        self.sv = sv
        self.state = state
        self.now = now
        self.transaction = ""
        self._seq = count()

    @classmethod
    async def connect(cls, sv: Services, pile_id: str, now: datetime) -> "Charged":
        record = await sv.store.connect_pile(pile_id, "gateway", "ocpp2.0.1", "192.0.2.7", now)
        assert record is not None
        pile = cls(sv, record.state, now)
        await pile.commit(provisioning.boot(sv, pile.state, BootReport(vendor=EVIL_NAME, model="M<1>"), now))
        await pile.status("Available")
        return pile

    async def commit(self, outcome: Outcome[object]) -> None:
        self.state = outcome.state
        await self.sv.store.write(*outcome.writes)
        live.publish(self.sv, outcome.events)

    async def status(self, raw: str, error: str = "") -> None:
        report = StatusReport(evse_id=1, raw_status=raw, error_code=error)
        await self.commit(availability.decide(self.state, report, self.now, self.sv.rules.settle_wait))

    async def start(self, register_wh: int, token: str = TOKEN) -> int:
        self.transaction = f"tx-{next(_numbers)}"
        await self.status("Occupied")
        await self._tell(Kind.STARTED, register_wh, 0, 20.0, token=TokenRef(token, "ISO14443"))
        return self.state.sessions[-1].id

    async def meter(self, register_wh: int, power_w: int, soc: float, minutes: float = 1) -> None:
        self.now += timedelta(minutes=minutes)
        await self._tell(Kind.UPDATED, register_wh, power_w, soc)

    async def stop(self, register_wh: int, soc: float, minutes: float = 1) -> None:
        self.now += timedelta(minutes=minutes)
        await self._tell(Kind.ENDED, register_wh, 0, soc)

    async def leave(self, minutes: float = 1) -> None:
        self.now += timedelta(minutes=minutes)
        await self.status("Available")

    async def _tell(
        self, kind: Kind, register_wh: int, power_w: int, soc: float, token: TokenRef | None = None
    ) -> None:
        number = next(_numbers)
        samples = (
            Sample(REGISTER, register_wh, "Wh"),
            Sample(POWER, power_w, "W"),
            Sample(SOC, soc, "Percent"),
        )
        event = TransactionEvent(
            action="TransactionEvent",
            kind=kind,
            transaction_id=self.transaction,
            pile_at=self.now,
            key=number,
            message_id=f"m{number}",
            raw=b"{}",
            evse_id=1,
            connector_id=1,
            seq_no=next(self._seq),
            token=token,
            values=(MeterValue(self.now, samples),),
            charging_state="Charging" if kind is not Kind.ENDED else "",
            stop_reason="Local" if kind is Kind.ENDED else "",
        )
        outcome = transactions.transaction_event(self.sv, self.state, event, self.now)
        await self.commit(outcome if isinstance(outcome, Outcome) else await outcome)


async def fill(sv: Services, now: datetime) -> None:
    """Two stations and five piles; one session that runs, one that is billed, one that is held back."""
    await network.put_tariff(sv, CHINA_TIME_OF_USE, "test")
    for station in (STATION, EVIL_STATION):
        await network.put_station(sv, station, "test")
    for pile_id in ("PILE-1", "PILE-2", "PILE-3"):
        await network.put_pile(sv, Pile(id=pile_id, station_id="plaza", max_power_w=600_000), "test")
    evil = Pile(id=EVIL_PILE, station_id=EVIL_STATION.id, name=EVIL_NAME, admission=Registration.PENDING)
    await network.put_pile(sv, evil, "test")
    await network.put_pile(sv, Pile(id="NEVER", station_id="plaza"), "test")
    await network.put_token(sv, Token(uid=TOKEN, type="ISO14443", driver="A. Driver", brand="BYD"), "test")
    await network.put_token(sv, Token(uid="EVIL", driver=EVIL_NAME, brand=EVIL), "test")
    await _sessions(sv, now)
    await _oddities(sv, now)


async def _sessions(sv: Services, now: datetime) -> None:
    running = await Charged.connect(sv, "PILE-1", now - timedelta(minutes=30))
    await running.start(1_000_000)
    for minute in range(1, 21):
        await running.meter(1_000_000 + 4_000 * minute, 240_000, 20 + 2.5 * minute)
    billed = await Charged.connect(sv, "PILE-2", now - timedelta(hours=5))
    await billed.start(500_000)
    await billed.meter(530_000, 240_000, 50, minutes=10)
    await billed.stop(560_007, 80, minutes=120)
    await billed.leave(minutes=30)
    assert await billing.settle(sv) == 1
    await sv.store.disconnect_pile("PILE-2", 1, now - timedelta(minutes=3))
    held = await Charged.connect(sv, "PILE-3", now - timedelta(hours=2))
    await held.start(0, "EVIL")
    await held.meter(300_000, 0, 50)
    await held.stop(300_500, 51)
    await held.leave()
    await held.status("Faulted", EVIL)


async def _oddities(sv: Services, now: datetime) -> None:
    evil = await Charged.connect(sv, EVIL_PILE, now)
    session = await evil.start(10)
    assert session
    await sv.store.write(
        PileNote(pile_id=EVIL_PILE, kind=EVIL, at=now, text=EVIL_NAME),
        PileVariable(pile_id=EVIL_PILE, component=EVIL, variable=EVIL_NAME, value=EVIL, reported_at=now),
        RejectedMessage(EVIL_PILE, 1, now, EVIL, "m", EVIL_NAME, "{}"),
    )
    sv.store.log([RepairCount(pile_id=EVIL_PILE, repair=EVIL, count=3, last_at=now)])
    sv.store.log(_frames(EVIL_PILE, now))
    sv.store.log(_frames("PILE-1", now))
    # The log is written when there is time for it.
    while not (await sv.store.log_page("PILE-1", limit=200)).items[150:]:
        await asyncio.sleep(0.01)


def _frames(pile_id: str, now: datetime) -> list[LogEntry]:
    entry = LogEntry(pile_id, now, "in", "CALL", EVIL, "m1", f'{{"a":"{EVIL}"}}')
    others = [
        replace(entry, at=now - timedelta(seconds=n), action="Heartbeat", payload="{}") for n in range(1, 150)
    ]
    return [entry, replace(entry, direction="out", action="Reset", payload="x" * 300), *others]
