"""The price engine: one function for quote, live cost, session and CDR.

`price(tariff, usage)` cuts the meter curve where prices change (`price_slots`, `price_split`), makes whole quantities
and exact amounts of the pieces (`price_steps`) and adds them up (`price_total`). It knows no clock: the live cost of a
session is the price of a usage that ends now. `docs/explanation/pricing.md` states the rules.
"""

from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from forecourt.domain.money import half_up, plain
from forecourt.domain.price_plan import plan
from forecourt.domain.price_slots import SECOND, instant, micros, slots, time_zone
from forecourt.domain.price_split import MICROSECONDS_PER_HOUR, changes
from forecourt.domain.price_steps import Split, steps
from forecourt.domain.price_total import limit_step, lines, taxes, totals
from forecourt.domain.price_types import Line, Price, Step, TaxLine, exact
from forecourt.domain.price_usage import curve
from forecourt.domain.reading import Reading
from forecourt.domain.tariff import Component, Tariff, Usage

__all__ = ["Line", "Period", "Price", "Step", "TaxLine", "Usage", "periods", "price", "quote"]


class Period(NamedTuple):
    """What one element gave of one component, over all its steps; `amount` is not rounded."""

    component: Component
    element: int | None
    name: str
    quantity: int
    amount: Decimal


def price(tariff: Tariff, usage: Usage) -> Price:
    """The price of a usage. TariffError: the tariff is not valid; ValueError: the usage contradicts itself."""
    split = _split(tariff, usage)
    found = steps(split)
    rows = lines(tariff, found)
    limit = limit_step(tariff, rows, usage.end)
    if limit:
        found.append(limit)
        rows.append(Line(limit.component, 1, "1", limit.unit_price, limit.amount))
    return _price(split, found, rows)


def quote(tariff: Tariff, start: datetime, zone: str, energy_wh: int, power_w: int) -> Price:
    """The price of charging `energy_wh` at a constant `power_w` from `start` on. ValueError: no power to do it."""
    if power_w <= 0 or energy_wh < 0:
        raise ValueError(f"a quote needs power and energy, not {power_w} W and {energy_wh} Wh")
    end = instant(micros(start) + energy_wh * MICROSECONDS_PER_HOUR // power_w)
    return price(tariff, Usage(start, end, (Reading(start, 0), Reading(end, energy_wh)), (), zone))


def periods(of: Price) -> tuple[Period, ...]:
    """The steps, summed up by component and element (尖, 峰, 平, 谷), in the order of their first step."""
    sums: dict[tuple[Component, int | None, str], tuple[int, Fraction]] = {}
    for step in of.steps:
        key = step.component, step.element, step.period
        quantity, amount = sums.get(key, (0, Fraction(0)))
        amount += exact(step.component, step.quantity, step.unit_price)
        sums[key] = quantity + step.quantity, amount
    return tuple(Period(*key, quantity, plain(amount)) for key, (quantity, amount) in sums.items())


def _split(tariff: Tariff, usage: Usage) -> Split:
    compiled, line = plan(tariff), curve(usage)
    found = slots(compiled, time_zone(usage.zone), line.span, line.session, line.idle)
    return Split(tariff, usage, compiled, line, found, changes(compiled, found, line.knots))


def _price(split: Split, found: list[Step], rows: list[Line]) -> Price:
    tariff, (start, end) = split.tariff, split.curve.session
    idle = sum(high - low for low, high in split.curve.idle)
    tax_lines = taxes(tariff, rows)
    sums = totals(tariff, rows, tax_lines)
    return Price(
        currency=tariff.currency,
        tax_included=tariff.tax_included,
        total_excl_tax=sums.excl_tax,
        tax=sums.tax,
        total_incl_tax=sums.incl_tax,
        energy_wh=split.energy_wh,
        charging_seconds=half_up(Fraction(end - start - idle, SECOND)),
        idle_seconds=half_up(Fraction(idle, SECOND)),
        lines=tuple(rows),
        taxes=tax_lines,
        steps=tuple(found),
        tariff_id=tariff.id,
        zone=split.usage.zone,
    )
