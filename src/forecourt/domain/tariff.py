"""Tariffs, and the usage that they price: what goes into the engine, as plain data.

The semantics are OCPI's (2.2.1, mod_tariffs): for each *dimension* the first element, in list order, whose
restrictions all match and that has a price in this dimension gives the price; where none does, the dimension is free.
Dimensions are looked up independently. The energy price is split into the electricity fee (电费) and the service fee
(服务费), two dimensions of their own. `docs/explanation/pricing.md` states every rule; `tariff_check` validates.

Prices are `Decimal` in the tariff's currency with at most six decimals, energy is Wh, power W, durations seconds.
Times of day and dates are those of the station's zone.
"""

from datetime import date, datetime
from decimal import Decimal
from typing import Literal, get_args

import msgspec

from forecourt.domain.reading import Reading

Component = Literal["ELECTRICITY", "SERVICE", "TIME", "IDLE", "SESSION", "MIN_PRICE", "MAX_PRICE"]
DayOfWeek = Literal["MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY"]

COMPONENTS: tuple[Component, ...] = get_args(Component)
# The dimensions that an element can price, each with the field of `Element` that holds its price.
PRICE_FIELDS: dict[Component, str] = {
    "ELECTRICITY": "electricity_per_kwh",
    "SERVICE": "service_per_kwh",
    "TIME": "time_per_minute",
    "IDLE": "idle_per_minute",
    "SESSION": "per_session",
}
DAYS: tuple[DayOfWeek, ...] = get_args(DayOfWeek)


class Restrictions(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    """When an element applies: all that are given must hold. Every range includes its start and excludes its end."""

    start_time: str | None = None  # "HH:MM"; alone: until midnight
    end_time: str | None = None  # "HH:MM" or "24:00"; not after start_time: over midnight
    start_date: date | None = None
    end_date: date | None = None
    days: tuple[DayOfWeek, ...] = ()  # the day of the instant itself, also after midnight; none: every day
    min_wh: int | None = None  # energy since the first reading
    max_wh: int | None = None
    min_duration_s: int | None = None  # since the start of the session
    max_duration_s: int | None = None
    min_power_w: int | None = None  # average between two readings
    max_power_w: int | None = None


class Element(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    """A row of the tariff: prices that hold while its restrictions do. `name` labels the period (尖, 峰, 平, 谷)."""

    name: str = ""
    restrictions: Restrictions = Restrictions()
    electricity_per_kwh: Decimal | None = None
    service_per_kwh: Decimal | None = None
    time_per_minute: Decimal | None = None  # while charging
    idle_per_minute: Decimal | None = None  # while occupied without charging
    idle_grace_s: int = 0  # the session's first so many idle seconds are free
    per_session: Decimal | None = None


class Tax(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    """A tax in percent of the net amount of some components; none named: of all."""

    name: str
    percent: Decimal
    components: tuple[Component, ...] = ()


class Tariff(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    """All prices of a charge. With `tax_included` every price in it, the limits too, contains the taxes."""

    id: str
    name: str
    currency: str
    elements: tuple[Element, ...]
    min_price: Decimal | None = None
    max_price: Decimal | None = None
    taxes: tuple[Tax, ...] = ()
    tax_included: bool = True
    valid_from: datetime | None = None
    valid_until: datetime | None = None


class Usage(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One use of an EVSE: from `start` to `end` (aware), its meter `readings` in order, and when it stood `idle`.

    The energy is the last register minus the first. Readings outside [start, end] count, each at its own instant: no
    energy is lost because two clocks differ. Less than two readings are no energy. Idle intervals may overlap and may
    reach outside [start, end], where they are cut. `zone` is the station's IANA time zone.
    """

    start: datetime
    end: datetime
    readings: tuple[Reading, ...]
    idle: tuple[tuple[datetime, datetime], ...]
    zone: str


def in_force(tariff: Tariff, at: datetime) -> bool:
    """Whether a session that starts at `at` may be priced by the tariff (which then holds until the session's end)."""
    begun = tariff.valid_from is None or tariff.valid_from <= at
    return begun and (tariff.valid_until is None or at < tariff.valid_until)


def unit_price(element: Element, component: Component) -> Decimal | None:
    """What the element asks for the component: per kWh, per minute or per session; None if it does not price it."""
    price: Decimal | None = getattr(element, PRICE_FIELDS[component])
    return price


def priced(tariff: Tariff) -> tuple[Component, ...]:
    """The components that some element prices; the electricity fee too if there is no energy price at all."""
    some = {c for c in PRICE_FIELDS for e in tariff.elements if unit_price(e, c) is not None}
    if not some & {"ELECTRICITY", "SERVICE"}:
        some.add("ELECTRICITY")
    return tuple(c for c in PRICE_FIELDS if c in some)


def minute_of_day(text: str) -> int:
    """Minutes since midnight of "HH:MM"; "24:00" is 1440. ValueError for anything else."""
    hours, colon, minutes = text.partition(":")
    if not (colon and len(text) == 5 and text.isascii() and hours.isdigit() and minutes.isdigit()):
        raise ValueError(text)
    total = int(hours) * 60 + int(minutes)
    if int(minutes) > 59 or total > 1440:
        raise ValueError(text)
    return total
