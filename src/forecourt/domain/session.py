"""A session: one charge, from plug-in to unplug. The struct, its state table and its flags."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from types import MappingProxyType

import msgspec

from forecourt.domain.reading import Reading


class SessionState(StrEnum):
    """Where a session is. ``STOPPED``: the transaction has ended, the car may still be plugged in."""

    OPEN = "open"
    STOPPED = "stopped"
    ABANDONED = "abandoned"
    CLOSED = "closed"


class Turn(StrEnum):
    """What can happen to a session beyond readings."""

    ENDED = "ended"
    CAR_GONE = "car_gone"
    NEXT_START = "next_start"
    CAP = "cap"


# DESIGN §3: a session runs until the connector is Available again, the next start, or a cap. What is not listed changes
# nothing: an ended session is never reopened, and Available while a transaction is open proves nothing (quirk S10).
TRANSITIONS: Mapping[tuple[SessionState, Turn], SessionState] = MappingProxyType(
    {
        (SessionState.OPEN, Turn.ENDED): SessionState.STOPPED,
        (SessionState.OPEN, Turn.NEXT_START): SessionState.ABANDONED,
        (SessionState.OPEN, Turn.CAP): SessionState.CLOSED,
        (SessionState.STOPPED, Turn.CAR_GONE): SessionState.CLOSED,
        (SessionState.STOPPED, Turn.NEXT_START): SessionState.CLOSED,
        (SessionState.STOPPED, Turn.CAP): SessionState.CLOSED,
        (SessionState.ABANDONED, Turn.ENDED): SessionState.CLOSED,
        (SessionState.ABANDONED, Turn.CAP): SessionState.CLOSED,
    }
)


def turn(state: SessionState, what: Turn) -> SessionState:
    """Return the state after ``what``; the same state where the table has no row."""
    return TRANSITIONS.get((state, what), state)


class Flag(StrEnum):
    """What was odd about a session; shown to the operator, kept in the CDR."""

    TOKEN_NOT_ACCEPTED = "token_not_accepted"
    MISSING_START = "missing_start"
    STARTED_OFFLINE = "started_offline"
    PILE_CLOCK_WRONG = "pile_clock_wrong"
    METER_DECREASED = "meter_decreased"
    METER_IMPLAUSIBLE = "meter_implausible"
    AVAILABLE_WHILE_OPEN = "available_while_open"
    NO_STOP = "no_stop"
    EVENTS_MISSING = "events_missing"
    LATE_EVENTS = "late_events"
    MESSAGE_REPAIRED = "message_repaired"
    RELEASED = "released"


# A session with one of these is not billed before an operator has released it.
NEEDS_REVIEW = frozenset({Flag.METER_IMPLAUSIBLE})

Span = tuple[datetime, datetime | None]
# When (corrected time), sequence number, and the charging state that began there.
Mark = tuple[datetime, int, str]


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """A session. Times without a suffix are corrected (``pile_time.effective_time``); ``*_pile_at`` are the pile's own.

    ``seen`` are the closed intervals of 2.0.1 seqNo received. What all messages together say lives in memory and in the
    meter tail, not in the session's row (``IN_MEMORY``, ``session_fold.restored``): ``readings`` (register by time),
    ``marks`` (2.x charging states) and ``keys`` (content hashes, by which a repeated message is known).
    ``settle_at``: when the billing job may issue, or check, the CDR. ``start_key``, ``start_message_id`` and
    ``start_content`` recognise a replayed 1.6 start; ``start_key`` 0: the pile speaks 2.x.
    """

    id: int
    pile_id: str
    station_id: str
    evse_id: int
    connector_id: int = 1
    transaction_id: str
    state: SessionState = SessionState.OPEN
    token_uid: str = ""
    token_type: str = ""
    started_at: datetime
    started_pile_at: datetime | None = None
    started_received_at: datetime
    ended_at: datetime | None = None
    ended_pile_at: datetime | None = None
    ended_received_at: datetime | None = None
    closed_at: datetime | None = None
    stop_reason: str = ""
    charging_state: str = ""
    start_register_wh: int | None = None
    register_wh: int | None = None
    energy_wh: int = 0
    power_w: int | None = None
    soc_percent: float | None = None
    voltage_v: float | None = None
    current_a: float | None = None
    reading_at: datetime | None = None
    last_event_at: datetime
    events: int = 0
    seen: tuple[tuple[int, int], ...] = ()
    idle: tuple[Span, ...] = ()
    tariff_version: str = ""
    cost: Decimal | None = None
    currency: str = ""
    cost_at: datetime | None = None
    flags: tuple[str, ...] = ()
    remote_start_id: int | None = None
    reservation_id: int | None = None
    start_key: int = 0
    start_message_id: str = ""
    start_content: int = 0
    clock_offset_s: float = 0.0
    settle_at: datetime | None = None
    readings: tuple[Reading, ...] = ()
    marks: tuple[Mark, ...] = ()
    keys: tuple[int, ...] = ()


IN_MEMORY = ("readings", "marks", "keys")


class SessionProgress(msgspec.Struct, frozen=True):
    """The columns of a session that an ordinary message changes: a narrow row update on the hot path."""

    id: int
    start_register_wh: int | None
    register_wh: int | None
    energy_wh: int
    power_w: int | None
    soc_percent: float | None
    voltage_v: float | None
    current_a: float | None
    reading_at: datetime | None
    last_event_at: datetime
    events: int
    seen: tuple[tuple[int, int], ...]
    cost: Decimal | None
    currency: str
    cost_at: datetime | None


class RecentSession(msgspec.Struct, frozen=True):
    """What is remembered of a closed session to recognise replays without the database."""

    id: int
    transaction_id: str
    started_at: datetime
    start_key: int
    start_message_id: str
    start_content: int


class MeterEntry(msgspec.Struct, frozen=True):
    """One accepted meter or transaction message: a row of ``meter_tail``.

    ``key`` is the content hash; (session, pile, key) is unique, so the same message is kept once. ``session_id`` 0: outside
    of a session. ``data`` is MessagePack of ``tuple[MeterValue, ...]``; ``at`` is the corrected, ``pile_at`` the pile's time.
    """

    session_id: int
    pile_id: str
    key: int
    evse_id: int
    seq_no: int | None
    kind: str
    at: datetime
    pile_at: datetime | None
    received_at: datetime
    offline: bool
    trigger: str
    charging_state: str
    data: bytes


class EvseReading(msgspec.Struct, frozen=True):
    """The newest reading of an EVSE outside of a session; a session's newest reading is in its own row."""

    pile_id: str
    evse_id: int
    at: datetime
    power_w: int | None
    register_wh: int | None
    data: bytes


class SessionSettled(msgspec.Struct, frozen=True):
    """The billing job has dealt with what made a session due at ``settle_at``: clears it, unless it has become due anew."""

    id: int
    settle_at: datetime


class SessionReleased(msgspec.Struct, frozen=True):
    """An operator has looked at a session that was held back: the columns that this changes, and no others."""

    id: int
    flags: tuple[str, ...]
    settle_at: datetime


class RejectedMessage(msgspec.Struct, frozen=True):
    """Evidence: a message that we acknowledged although it could not be applied (unknown transaction, data error …)."""

    pile_id: str
    key: int
    received_at: datetime
    action: str
    message_id: str
    reason: str
    payload: str
