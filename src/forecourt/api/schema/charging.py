"""Sessions, their meter values and prices as the API shows them. A CDR is shown as it was issued."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from forecourt.api.schema.texts import Id
from forecourt.domain.price import Price
from forecourt.domain.session import SessionState


class SessionView(msgspec.Struct, frozen=True, kw_only=True):
    """A session. Times are corrected; ``*_pile_at`` are the pile's own. ``token_uid`` is masked for viewers.

    ``cost`` is what it has cost so far, taxes included. ``flags`` say what was odd.
    """

    id: int
    pile_id: str
    station_id: str
    evse_id: int
    connector_id: int
    transaction_id: str
    state: SessionState
    token_uid: str
    token_type: str
    started_at: datetime
    started_pile_at: datetime | None
    ended_at: datetime | None
    ended_pile_at: datetime | None
    closed_at: datetime | None
    stop_reason: str
    charging_state: str
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
    idle: tuple[tuple[datetime, datetime | None], ...]
    tariff_version: str
    cost: Decimal | None
    currency: str
    cost_at: datetime | None
    flags: tuple[str, ...]


class SessionDetail(SessionView, frozen=True, kw_only=True):
    """A session with its price, every amount of it explained.

    ``priced_by``: ``cdr`` when it has been billed, ``live`` when the price is of the usage so far, null when there is no
    tariff. ``cdrs`` are the ids of all its CDRs, credits too.
    """

    priced_by: Literal["cdr", "live"] | None
    price: Price | None
    explanation: tuple[str, ...]
    cdrs: tuple[str, ...]


class MeterPointView(msgspec.Struct, frozen=True):
    """What a pile measured at one instant (corrected time); null where it said nothing."""

    at: datetime
    power_w: float | None
    register_wh: float | None
    soc_percent: float | None
    voltage_v: float | None
    current_a: float | None


class QuoteBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A charge to be priced: so much energy at constant power, at most 7 days of it."""

    station_id: Annotated[Id, Meta(description="Its time zone is the tariff's.")]
    energy_wh: Annotated[int, Meta(ge=0, le=100_000_000)]
    power_w: Annotated[int, Meta(ge=1, le=100_000_000)]
    start: Annotated[datetime, Meta(tz=True, description="Default: now.")] | None = None


class Quote(msgspec.Struct, frozen=True):
    """A price and how it comes about."""

    price: Price
    explanation: tuple[str, ...]
