"""Stations, piles, EVSEs and tokens as the API shows and takes them."""

from datetime import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from forecourt.api.schema.texts import Ampere, Country, Currency, Id, Name, Watt, Word
from forecourt.domain.pile import EvseStatus, Registration
from forecourt.domain.token import TokenStatus


class StationBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A station's master data. What is left out takes its default: a PUT replaces the whole."""

    id: Annotated[Id | None, Meta(description="May repeat the id of the path.")] = None
    name: Name
    name_zh: Name = ""
    address: Name = ""
    city: Name = ""
    city_zh: Name = ""
    province: Name = ""
    country: Country = "CN"
    lat: Annotated[float, Meta(ge=-90, le=90, description="Degrees, WGS-84.")]
    lon: Annotated[float, Meta(ge=-180, le=180, description="Degrees, WGS-84.")]
    time_zone: Annotated[Word, Meta(description="IANA name; prices and pages use it.")] = "Asia/Shanghai"
    currency: Currency = "CNY"
    grid_w: Annotated[Watt | None, Meta(description="Limit of the grid connection in W.")] = None
    tariff_id: Annotated[Id | None, Meta(description="The tariff of its piles.")] = None


class StationNow(msgspec.Struct, frozen=True):
    """What goes on at a station. EVSEs of offline piles count as UNKNOWN; ``power_w`` is what sessions draw."""

    piles: int
    piles_online: int
    evses: dict[EvseStatus, int]
    sessions: int
    power_w: int


class StationView(msgspec.Struct, frozen=True, kw_only=True):
    """A station and what goes on there."""

    id: str
    name: str
    name_zh: str
    address: str
    city: str
    city_zh: str
    province: str
    country: str
    lat: float
    lon: float
    time_zone: str
    currency: str
    grid_w: int | None
    tariff_id: str | None
    now: StationNow


class PileBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A pile's master data. What is left out takes its default: a PUT replaces it; what the pile reported is kept."""

    id: Annotated[Id | None, Meta(description="May repeat the id of the path.")] = None
    station_id: Id
    name: Name = ""
    ocpp_version: Annotated[
        Literal["", "1.6", "2.0.1"],
        Meta(description="The version it speaks when its handshake names none; empty: 1.6."),
    ] = ""
    admission: Annotated[
        Literal["accepted", "pending", "rejected"],
        Meta(description="What its next BootNotification is answered with."),
    ] = "accepted"
    max_power_w: Annotated[Watt | None, Meta(description="Rated power in W.")] = None
    max_current_a: Annotated[Ampere | None, Meta(description="Rated current in A.")] = None
    tariff_id: Annotated[Id | None, Meta(description="A tariff of its own, instead of the station's.")] = None
    compression: Annotated[bool, Meta(description="Offer permessage-deflate.")] = True


class EvseView(msgspec.Struct, frozen=True, kw_only=True):
    """An EVSE. ``status`` is the OCPI word, UNKNOWN while the pile is offline; ``raw_status`` is what the pile said last."""

    pile_id: str
    evse_id: int
    status: EvseStatus
    raw_status: str
    error_code: str
    info: str
    connectors: dict[int, str]
    since: datetime | None
    pile_at: datetime | None
    received_at: datetime | None


class PileView(msgspec.Struct, frozen=True, kw_only=True):
    """A pile: master data, what its last boot said, its connection, its EVSEs."""

    id: str
    station_id: str
    name: str
    ocpp_version: str
    admission: Registration
    registration: Registration
    max_power_w: int | None
    max_current_a: int | None
    tariff_id: str | None
    compression: bool
    vendor: str
    model: str
    serial: str
    firmware: str
    booted_at: datetime | None
    boot_reason: str
    created_at: datetime | None
    online: bool
    connected_version: Annotated[str, Meta(description="The WebSocket subprotocol of the last connection.")]
    connected_at: datetime | None
    disconnected_at: datetime | None
    address: Annotated[str, Meta(description="Where the last connection came from.")]
    evses: tuple[EvseView, ...]


class NoteView(msgspec.Struct, frozen=True):
    """Something to know of a pile's connection; the newest of each kind."""

    kind: str
    at: datetime
    text: str


class RepairView(msgspec.Struct, frozen=True):
    """How often a message of the pile had to be repaired in this way before it could be read."""

    repair: str
    count: int
    last_at: datetime


class PileDetail(PileView, frozen=True, kw_only=True):
    """A pile with what is odd about it."""

    notes: tuple[NoteView, ...]
    repairs: tuple[RepairView, ...]


class VariableView(msgspec.Struct, frozen=True):
    """A setting that the pile reported. OCPP 1.6 keys have no component; values of passwords are not shown."""

    component: str
    variable: str
    attribute: str
    value: str | None
    mutability: str
    reported_at: datetime


class LogView(msgspec.Struct, frozen=True):
    """One frame of the OCPP log; tokens and passwords were masked when it was written."""

    at: datetime
    direction: str
    kind: str
    action: str
    message_id: str
    payload: str


class MadePassword(msgspec.Struct, frozen=True):
    """A pile's new password. It is stored as a hash only: this is the one time it can be read."""

    pile_id: str
    password: str


class ChosenPassword(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A password that a person chose."""

    password: Annotated[str, Meta(min_length=16, max_length=40)]


class TokenBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is known of a token. A PUT replaces it."""

    uid: Annotated[Id | None, Meta(description="May repeat the uid of the path; case does not matter.")] = (
        None
    )
    type: Annotated[Word, Meta(description="IdTokenEnumType of OCPP 2.0.1, such as ISO14443 or eMAID.")] = ""
    status: Literal["accepted", "blocked", "expired"] = "accepted"
    driver: Name = ""
    group_id: Word = ""
    brand: Word = ""
    expires_at: Annotated[datetime, Meta(tz=True)] | None = None


class TokenView(msgspec.Struct, frozen=True, kw_only=True):
    """A token."""

    uid: str
    type: str
    status: TokenStatus
    driver: str
    group_id: str
    brand: str
    expires_at: datetime | None
    created_at: datetime | None
