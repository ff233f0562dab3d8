"""What comes out of the engine: `Price`, plain data that goes to JSON and back unchanged."""

from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import Literal

import msgspec

from forecourt.domain.reading import Reading
from forecourt.domain.tariff import Component

Unit = Literal["Wh", "s", "1"]
UNITS: dict[Component, Unit] = {
    "ELECTRICITY": "Wh",
    "SERVICE": "Wh",
    "TIME": "s",
    "IDLE": "s",
    "SESSION": "1",
    "MIN_PRICE": "1",
    "MAX_PRICE": "1",
}
# Prices are per kWh and per minute, quantities in Wh and seconds.
PER_PRICE: dict[Unit, int] = {"Wh": 1000, "s": 60, "1": 1}


class Step(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One amount and where it comes from: the longest stretch in which one price of one element holds.

    `quantity` is in Wh, s or 1 (SESSION, MIN_PRICE, MAX_PRICE), `unit_price` per kWh, per minute or per session, and
    `amount` is their product, not rounded (a third of a cent ends after 12 decimals). `element` is the index in the
    tariff, None where no element applies; `grace`: idle time that is still free. `register_from` and `register_to` are
    the meter at the step's two ends in Wh, interpolated between `readings`, the last one before and the first after.
    """

    component: Component
    element: int | None
    period: str
    start: datetime
    end: datetime
    quantity: int
    unit_price: Decimal
    amount: Decimal
    grace: bool = False
    register_from: Decimal | None = None
    register_to: Decimal | None = None
    readings: tuple[Reading, Reading] | None = None


class Line(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The sum of a component, rounded once; `unit_price` is None where its steps have several."""

    component: Component
    quantity: int
    unit: Unit
    unit_price: Decimal | None
    amount: Decimal


class TaxLine(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One tax, rounded once, on the net amount `base`."""

    name: str
    percent: Decimal
    base: Decimal
    amount: Decimal


class Price(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The price of a usage: totals, a line for each component, and the steps that explain every amount.

    The lines sum up to `total_incl_tax` if the tariff's prices include tax, else to `total_excl_tax`;
    `total_excl_tax` + `tax` = `total_incl_tax`, always. All amounts are in `currency`.
    """

    currency: str
    tax_included: bool
    total_excl_tax: Decimal
    tax: Decimal
    total_incl_tax: Decimal
    energy_wh: int
    charging_seconds: int
    idle_seconds: int
    lines: tuple[Line, ...]
    taxes: tuple[TaxLine, ...]
    steps: tuple[Step, ...]
    tariff_id: str
    zone: str


def exact(component: Component, quantity: int, price: Decimal) -> Fraction:
    """Quantity times unit price, exactly: what a step's amount is before any digit is cut off."""
    return quantity * Fraction(price) / PER_PRICE[UNITS[component]]
