"""Services on a real SQLite store and an embedded bus, with a clock that the test sets."""

from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from tests.domain.world import T0

from forecourt.bus.embedded import EmbeddedBus
from forecourt.config import Config
from forecourt.domain.outcome import Outcome, PileState
from forecourt.domain.pile import Pile, Registration
from forecourt.domain.station import Station
from forecourt.domain.tariff_presets import CHINA_TIME_OF_USE
from forecourt.domain.transaction_event import TransactionEvent, TransactionReply
from forecourt.domain.transactions import Rules
from forecourt.services import network, transactions
from forecourt.services.context import Services
from forecourt.services.ids import IdRange
from forecourt.services.tokens import TokenCache
from forecourt.store.store import Store
from forecourt.store.work import Result, Unit

STATION = Station(id="S1", name="Station", lat=31.2, lon=121.5, tariff_id=CHINA_TIME_OF_USE.id)
PILE = Pile(id="P1", station_id="S1", max_power_w=600_000)


class HandClock:
    """A clock that stands until it is set."""

    def __init__(self) -> None:
        self.at = T0
        self.seconds = 0.0
        self.speed = 1.0

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return self.seconds


class Counted(IdRange):
    """A supply of ids that remembers the last one it gave."""

    last = 0

    def take(self) -> int:
        taken = super().take()
        self.last = taken or self.last
        return taken


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
async def sv(clock: HandClock, tmp_path: Path) -> AsyncIterator[Services]:
    """Services with a station, a tariff and a pile that is not connected."""
    store = await Store.open(tmp_path / "forecourt.sqlite3")
    services = Services(
        config=Config(data_dir=tmp_path),
        clock=clock,
        store=store,
        bus=EmbeddedBus(),
        tokens=TokenCache(clock.monotonic),
        session_ids=Counted(store.reserve_ids, "session"),
        transaction_ids=Counted(store.reserve_ids, "transaction"),
        rules=Rules(),
    )
    await network.put_tariff(services, CHINA_TIME_OF_USE, "test")
    await network.put_station(services, STATION, "test")
    await network.put_pile(services, PILE, "test")
    yield services
    await store.close()


class Connected:
    """A connected pile: what the gateway's mailbox does, item by item."""

    def __init__(self, sv: Services, clock: HandClock, state: PileState, generation: int) -> None:
        self.sv, self.clock, self.state, self.generation = sv, clock, state, generation

    async def send(self, event: TransactionEvent, now: datetime | None = None) -> TransactionReply:
        """A transaction message arrives."""
        self.clock.at = now or event.pile_at or self.clock.at
        handled = transactions.transaction_event(self.sv, self.state, event, self.clock.at)
        outcome: Outcome[Any] = handled if isinstance(handled, Outcome) else await handled
        await self.keep(outcome)
        reply: TransactionReply = outcome.reply
        return reply

    async def keep(self, outcome: Outcome[Any]) -> None:
        """Commit, then swap in the state."""
        result: Result = await self.sv.store.do(Unit(outcome.writes, self.state.pile.id, self.generation))
        assert result.ok, result
        self.state = outcome.state

    async def reconnect(self) -> None:
        """Forget what is in memory, and load it."""
        record = await self.sv.store.connect_pile(self.state.pile.id, "g1", "2.0.1", "::1", self.clock.at)
        assert record is not None
        self.state, self.generation = record.state, record.generation


@pytest.fixture
async def pile(sv: Services, clock: HandClock) -> Connected:
    """The pile, connected and accepted."""
    record = await sv.store.connect_pile("P1", "g1", "2.0.1", "::1", clock.at)
    assert record is not None
    assert record.state.pile.registration is Registration.NEW
    return Connected(sv, clock, record.state, record.generation)
