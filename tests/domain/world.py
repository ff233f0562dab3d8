"""A pile and its back-end without wires: what `services` and `store` do around the decisions, in a few lines.

`World` keeps what was written (rows as the database would have them) beside the state in memory, so that a test can ask
for either, and can load the state anew from the rows.
"""

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any

from msgspec import msgpack
from msgspec.structs import asdict, replace

from forecourt.domain import availability, transactions
from forecourt.domain.availability import StatusReport
from forecourt.domain.meter import REGISTER, MeterValue, Sample
from forecourt.domain.outcome import Outcome, PileState
from forecourt.domain.pile import Evse, Pile, Registration
from forecourt.domain.session import (
    IN_MEMORY,
    EvseReading,
    MeterEntry,
    RejectedMessage,
    Session,
    SessionProgress,
    SessionState,
    Span,
)
from forecourt.domain.session_fold import restored
from forecourt.domain.station import Station
from forecourt.domain.tariff import Tariff
from forecourt.domain.tariff_version import version_of
from forecourt.domain.token import TokenRef, TokenStatus
from forecourt.domain.transaction_event import Kind, TransactionEvent, TransactionReply
from forecourt.domain.transactions import Case, Facts, Rules

T0 = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
BOOT_1970 = datetime(1970, 1, 1, tzinfo=UTC)
STATION = Station(id="S1", name="Station", lat=31.2, lon=121.5)
PILE = Pile(id="P1", station_id="S1", registration=Registration.ACCEPTED, max_power_w=600_000)
MINUTE = timedelta(minutes=1)
RULES = Rules()


def minutes(count: float) -> datetime:
    """The instant so many minutes after T0."""
    return T0 + count * MINUTE


def values(at: datetime | None, *registers: float, **more: float) -> tuple[MeterValue, ...]:
    """Meter values of one instant: registers in Wh, other measurands by name."""
    samples = [Sample(REGISTER, register, "Wh") for register in registers]
    samples += [Sample(name, value) for name, value in more.items()]
    return (MeterValue(at, tuple(samples)),) if samples else ()


def with_key(event: TransactionEvent) -> TransactionEvent:
    """The event with its content hash: of all that its payload would have in it."""
    skipped = ("key", "message_id", "raw", "at", "clock_right")
    content = {name: value for name, value in asdict(event).items() if name not in skipped}
    digest = hashlib.blake2b(repr(content).encode(), digest_size=8).digest()
    return replace(event, key=int.from_bytes(digest, "big", signed=True), raw=repr(content).encode())


def _event(
    action: str, kind: Kind, transaction_id: str, at: datetime | None, **more: Any
) -> TransactionEvent:
    fields: dict[str, Any] = {"message_id": "m", "raw": b"", "key": 0, **more}
    event = TransactionEvent(action=action, kind=kind, transaction_id=transaction_id, pile_at=at, **fields)
    return with_key(event)


def event201(
    kind: Kind, at: datetime | None, seq_no: int, *registers: float, tx: str = "tx-1", **more: Any
) -> TransactionEvent:
    """A 2.0.1 TransactionEvent with register readings at its own time."""
    more = {"values": values(at, *registers), **more}
    return _event("TransactionEvent", kind, tx, at, seq_no=seq_no, **more)


def started(at: datetime | None, seq_no: int = 0, *registers: float, **more: Any) -> TransactionEvent:
    return event201(Kind.STARTED, at, seq_no, *registers, **{"evse_id": 1, "connector_id": 1, **more})


def updated(at: datetime | None, seq_no: int, *registers: float, **more: Any) -> TransactionEvent:
    return event201(Kind.UPDATED, at, seq_no, *registers, **more)


def ended(at: datetime | None, seq_no: int, *registers: float, **more: Any) -> TransactionEvent:
    return event201(Kind.ENDED, at, seq_no, *registers, **more)


def start16(
    at: datetime, meter: int = 0, connector: int = 1, tag: str = "TAG1", **more: Any
) -> TransactionEvent:
    """A 1.6 StartTransaction."""
    token = TokenRef(tag)
    fields = {"evse_id": connector, "connector_id": 1, "token": token, "register_wh": meter, **more}
    return _event("StartTransaction", Kind.STARTED, "", at, **fields)


def meter16(
    at: datetime, register: float, tx: int | None = None, connector: int = 1, **more: Any
) -> TransactionEvent:
    """A 1.6 MeterValues."""
    fields = {"evse_id": connector, "connector_id": 1, "values": values(at, register), **more}
    return _event("MeterValues", Kind.UPDATED, "" if tx is None else str(tx), at, **fields)


def stop16(at: datetime, meter: int, tx: int, **more: Any) -> TransactionEvent:
    """A 1.6 StopTransaction."""
    fields = {"register_wh": meter, "stop_reason": "Local", **more}
    return _event("StopTransaction", Kind.ENDED, str(tx), at, **fields)


def again(event: TransactionEvent, message_id: str = "other") -> TransactionEvent:
    """The same content in a new message."""
    return replace(event, message_id=message_id)


def flipped(event: TransactionEvent) -> TransactionEvent:
    """The same event, sent again as one that occurred offline."""
    return with_key(replace(event, offline=not event.offline))


class Stored:
    """A message in the tail, as `session_fold.restored` takes it."""

    def __init__(self, entry: MeterEntry) -> None:
        self.key, self.kind, self.seq_no = entry.key, entry.kind, entry.seq_no
        self.at, self.received_at = entry.at, entry.received_at
        self.charging_state = entry.charging_state
        self.values = msgpack.decode(entry.data, type=tuple[MeterValue, ...])


class World:
    """One pile."""

    def __init__(self, tariff: Tariff | None = None, pile: Pile = PILE, rules: Rules = RULES) -> None:
        version = version_of(tariff) if tariff else ""
        self.state = PileState(pile=pile, station=STATION, tariff=tariff, tariff_version=version)
        self.rules = rules
        self.now = T0
        self.token_status = TokenStatus.ACCEPTED
        self.rows: dict[int, Session] = {}
        self.tail: dict[tuple[int, int], MeterEntry] = {}
        self.evidence: dict[int, RejectedMessage] = {}
        self.readings: dict[int, EvseReading] = {}
        self.evses: dict[int, Evse] = {}
        self.looked_up = 0
        self._next_id = 0

    # --- what arrives

    def send(self, event: TransactionEvent, now: datetime | None = None) -> TransactionReply:
        """A transaction message arrives, at its own time unless it is said when."""
        self.now = now or event.pile_at or self.now
        found = self._look_up(event) if transactions.must_look_up(self.state, event) else None
        ids = self._ids() if transactions.may_open(self.state, event, found) else (0, 0)
        status = self.token_status if event.token else None
        case = Case(event, Facts(status, found, *ids), self.now, self.rules)
        outcome = transactions.decide(self.state, case)
        self.keep(outcome)
        return outcome.reply

    def status(
        self,
        raw_status: str,
        now: datetime,
        evse_id: int = 1,
        connector_id: int = 1,
        pile_at: datetime | None = None,
    ) -> None:
        """A StatusNotification arrives."""
        self.now = now
        report = StatusReport(
            evse_id=evse_id, connector_id=connector_id, raw_status=raw_status, pile_at=pile_at or now
        )
        self.keep(availability.decide(self.state, report, now, self.rules.settle_wait))

    def expire(self, now: datetime, cap: timedelta = timedelta(hours=48)) -> None:
        self.now = now
        self.keep(transactions.expire(self.state, now, cap, self.rules.settle_wait))

    def _ids(self) -> tuple[int, int]:
        self._next_id += 1
        return self._next_id, self._next_id

    def _look_up(self, event: TransactionEvent) -> Session | None:
        self.looked_up += 1
        rows = sorted(self.rows.values(), key=lambda row: -row.id)
        if event.transaction_id:
            found = (row for row in rows if row.transaction_id == event.transaction_id)
        else:
            key = transactions.start_key(event)
            found = (row for row in rows if row.start_key == key)
        row = next(found, None)
        return self.whole(row.id) if row else None

    # --- what is kept

    def keep(self, outcome: Outcome[Any]) -> None:
        """Commit: write the rows, swap in the state."""
        for row in outcome.writes:
            self._put(row)
        self.state = outcome.state

    def _put(self, row: Any) -> None:
        if isinstance(row, Session):
            assert row.id > 0, "a session without an id of its own"
            self.rows[row.id] = replace(row, **dict.fromkeys(IN_MEMORY, ()))
        elif isinstance(row, SessionProgress):
            changes = {name: value for name, value in asdict(row).items() if name != "id"}
            self.rows[row.id] = replace(self.rows[row.id], **changes)
        elif isinstance(row, MeterEntry):
            self.tail.setdefault((row.session_id, row.key), row)
        elif isinstance(row, RejectedMessage):
            self.evidence.setdefault(row.key, row)
        elif isinstance(row, EvseReading):
            self.readings[row.evse_id] = row
        elif isinstance(row, Evse):
            self.evses[row.evse_id] = row

    def whole(self, session_id: int) -> Session:
        """A session as the database has it, with what its messages say."""
        entries = [Stored(entry) for (owner, _), entry in self.tail.items() if owner == session_id]
        return restored(self.rows[session_id], entries)

    def reload(self) -> None:
        """Forget the memory and load the state from the rows, as a gateway does when a pile connects."""
        ids = [row.id for row in self.rows.values() if row.state is not SessionState.CLOSED]
        offset = self.state.clock_offset_s if ids else 0.0
        self.state = replace(
            self.state, sessions=tuple(map(self.whole, ids)), evses=dict(self.evses), clock_offset_s=offset
        )

    # --- what a test asks for

    @property
    def sessions(self) -> list[Session]:
        """All sessions, in the order in which they were opened."""
        return [self.whole(session_id) for session_id in sorted(self.rows)]

    @property
    def session(self) -> Session:
        """The only session there is."""
        (session,) = self.sessions
        return session

    @property
    def open_sessions(self) -> list[int]:
        return [session.id for session in self.state.sessions if session.state is SessionState.OPEN]

    @property
    def idle(self) -> list[Span]:
        """The idle time of the only session there is."""
        return list(self.session.idle)
