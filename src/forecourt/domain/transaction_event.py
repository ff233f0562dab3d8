"""A transaction message in our words; OCPP 1.6 Start, MeterValues and Stop, and 2.0.1 TransactionEvent become this."""

from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum

import msgspec
from msgspec.structs import replace

from forecourt.domain.meter import REGISTER, MeterValue, Sample
from forecourt.domain.pile_time import effective_time
from forecourt.domain.token import TokenRef, TokenStatus

NEVER = datetime(1970, 1, 1, tzinfo=UTC)


class Kind(StrEnum):
    """OCPP 2.0.1 TransactionEventEnumType; 1.6 StartTransaction, MeterValues, StopTransaction."""

    STARTED = "started"
    UPDATED = "updated"
    ENDED = "ended"


class TransactionEvent(msgspec.Struct, frozen=True, kw_only=True):
    """What a pile said about a transaction.

    ``transaction_id`` is the pile's (2.0.1), ours as text (1.6), or empty (1.6 start, and meter values outside one).
    ``register_wh`` is the reading named by the message itself (1.6 meterStart, meterStop). ``key`` is the content hash of
    the payload. ``charging_state`` uses the 2.0.1 words. ``repairs`` names what had to be mended in the message.
    ``at`` and ``clock_right`` are filled in by ``timed``: the corrected time, and whether the pile's could be taken as it was.
    """

    action: str
    kind: Kind
    transaction_id: str
    pile_at: datetime | None
    key: int
    message_id: str
    raw: bytes
    evse_id: int | None = None
    connector_id: int | None = None
    seq_no: int | None = None
    offline: bool = False
    trigger: str = ""
    token: TokenRef | None = None
    values: tuple[MeterValue, ...] = ()
    register_wh: int | None = None
    charging_state: str = ""
    stop_reason: str = ""
    remote_start_id: int | None = None
    reservation_id: int | None = None
    repairs: tuple[str, ...] = ()
    at: datetime = NEVER
    clock_right: bool = True


def timed(event: TransactionEvent, now: datetime, offset_s: float) -> TransactionEvent:
    """Return the event with corrected times, its own and its meter values', and its named register among the values.

    Nothing is measured after the end: what an Ended carries counts until then.
    """
    at, right = effective_time(event.pile_at, now, offset_s)
    latest = at if event.kind is Kind.ENDED else None
    values = event.values
    if values:
        values = tuple([_timed_value(value, at, right, latest, now, offset_s) for value in values])
    if event.register_wh is not None:
        values = (*values, MeterValue(at, (Sample(REGISTER, event.register_wh, "Wh"),)))
    return replace(event, at=at, clock_right=right, values=values)


def _timed_value(
    value: MeterValue, at: datetime, right: bool, latest: datetime | None, now: datetime, offset_s: float
) -> MeterValue:
    when, usable = (at, True) if value.at is None else effective_time(value.at, now, offset_s)
    if right and not usable:
        when = at
    if latest is not None and when > latest:
        when = latest
    return value if when == value.at else MeterValue(when, value.samples)


def moved(event: TransactionEvent, at: datetime) -> TransactionEvent:
    """Return a (timed) event at another time, its meter values as far from it as before."""
    shift = at - event.at
    values = tuple(MeterValue(value.at and value.at + shift, value.samples) for value in event.values)
    return replace(event, at=at, clock_right=False, values=values)


def not_before(event: TransactionEvent, start: datetime) -> TransactionEvent:
    """Return a (timed) event whose meter values are not older than the start of their session.

    Only a wrong clock makes them so: the better its offset is known, the earlier is what it said before.
    """
    if all(value.at is None or value.at >= start for value in event.values):
        return event
    values = tuple(MeterValue(value.at and max(value.at, start), value.samples) for value in event.values)
    return replace(event, values=values)


class TransactionReply(msgspec.Struct, frozen=True):
    """The answer, in our words. ``token_status`` is None where the message named no token; ``session_id`` 0 where none was found.

    ``total_cost`` is the cost so far, taxes included, where it is known.
    """

    session_id: int = 0
    transaction_id: str = ""
    token_status: TokenStatus | None = None
    total_cost: Decimal | None = None
