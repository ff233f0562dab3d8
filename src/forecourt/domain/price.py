"""The price engine: one function for quote, live cost, session and CDR.

`price(tariff, usage)` cuts the meter curve where prices change (`price_slots`, `price_split`), makes whole quantities
and exact amounts of the pieces (`price_steps`) and adds them up (`price_total`). It knows no clock: the live cost of a
session is the price of a usage that ends now. `docs/explanation/pricing.md` states the rules.
"""

from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from forecourt.domain.money import nearest, plain, scaled
from forecourt.domain.price_plan import plan
from forecourt.domain.price_slots import SECOND, instant, micros, slots, time_zone
from forecourt.domain.price_split import MICROSECONDS_PER_HOUR, changes
from forecourt.domain.price_steps import Split, shares, steps
from forecourt.domain.price_total import Totals, totals
from forecourt.domain.price_types import UNITS, Line, Price, Step, TaxLine, exact
from forecourt.domain.price_usage import curve
from forecourt.domain.reading import Reading
from forecourt.domain.tariff import Component, Tariff, Usage

__all__ = ["Line", "Period", "Price", "Step", "TaxLine", "Usage", "periods", "price", "quote", "total"]


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
    found = shares(split)
    money = totals(split.plan.terms, found)
    return _price(tariff, usage, split, money, steps(tariff, usage, split, found))


def total(tariff: Tariff, usage: Usage) -> Decimal:
    """`price(tariff, usage).total_incl_tax`, for those who need no explanation. Errors: as `price`."""
    split = _split(tariff, usage)
    terms = split.plan.terms
    return scaled(totals(terms, shares(split)).incl_tax, terms.digits)


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
    return Split(compiled, line, found, changes(compiled, found, line.knots))


def _price(tariff: Tariff, usage: Usage, split: Split, money: Totals, found: list[Step]) -> Price:
    start, end = split.curve.session
    idle = sum([high - low for low, high in split.curve.idle])
    digits = split.plan.terms.digits
    lines = [_line(c, found, scaled(amount, digits)) for c, amount in money.amounts.items()]
    if money.limit:
        component: Component = "MIN_PRICE" if money.limit > 0 else "MAX_PRICE"
        amount = scaled(money.limit, digits)
        found.append(Step(component, None, "", usage.end, usage.end, 1, amount, amount))
        lines.append(_line(component, found, amount))
    return Price(
        currency=tariff.currency,
        tax_included=tariff.tax_included,
        total_excl_tax=scaled(money.excl_tax, digits),
        tax=scaled(money.tax, digits),
        total_incl_tax=scaled(money.incl_tax, digits),
        energy_wh=split.energy_wh,
        charging_seconds=nearest(end - start - idle, SECOND),
        idle_seconds=nearest(idle, SECOND),
        lines=tuple(lines),
        taxes=tuple(
            [
                TaxLine(tax.name, tax.percent, scaled(base, digits), scaled(amount, digits))
                for tax, (base, amount) in zip(tariff.taxes, money.taxes, strict=True)
            ]
        ),
        steps=tuple(found),
        tariff_id=tariff.id,
        zone=usage.zone,
    )


def _line(component: Component, found: list[Step], amount: Decimal) -> Line:
    own = [step for step in found if step.component == component]
    prices = [step.unit_price for step in own]
    same = bool(prices) and prices.count(prices[0]) == len(prices)
    return Line(
        component=component,
        quantity=sum([step.quantity for step in own]),
        unit=UNITS[component],
        unit_price=prices[0] if same else None,
        amount=amount,
    )
