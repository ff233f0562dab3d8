"""From steps to the totals: each component rounded once, then the limits, then each tax rounded once."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from forecourt.domain.money import rounded
from forecourt.domain.price_types import UNITS, Line, Step, TaxLine, exact
from forecourt.domain.tariff import Component, Tariff, Tax, priced


class Totals(NamedTuple):
    """The money of a price, rounded to the currency's minor unit."""

    excl_tax: Decimal
    tax: Decimal
    incl_tax: Decimal


def lines(tariff: Tariff, steps: Iterable[Step]) -> list[Line]:
    """A line for each component that the tariff prices, also where nothing was used."""
    grouped: dict[Component, list[Step]] = {component: [] for component in priced(tariff)}
    for step in steps:
        grouped[step.component].append(step)
    return [_line(component, group, tariff.currency) for component, group in grouped.items()]


def _line(component: Component, steps: Sequence[Step], currency: str) -> Line:
    prices = [step.unit_price for step in steps]
    amount = sum((exact(component, step.quantity, step.unit_price) for step in steps), Fraction(0))
    return Line(
        component=component,
        quantity=sum(step.quantity for step in steps),
        unit=UNITS[component],
        unit_price=prices[0] if len(set(prices)) == 1 else None,
        amount=rounded(amount, currency),
    )


def total(found: Iterable[Line]) -> Fraction:
    """The exact sum of the lines' amounts."""
    return sum((Fraction(line.amount) for line in found), Fraction(0))


def limit_step(tariff: Tariff, found: Iterable[Line], at: datetime) -> Step | None:
    """What lifts the sum of the lines to the minimum, or lowers it to the maximum; None if it lies between."""
    before = total(found)
    component: Component
    if tariff.min_price is not None and before < tariff.min_price:
        component, limit = "MIN_PRICE", tariff.min_price
    elif tariff.max_price is not None and before > tariff.max_price:
        component, limit = "MAX_PRICE", tariff.max_price
    else:
        return None
    amount = rounded(Fraction(limit) - before, tariff.currency)
    return Step(component, None, "", at, at, 1, amount, amount)


def taxes(tariff: Tariff, found: Sequence[Line]) -> tuple[TaxLine, ...]:
    """The tax lines. What a limit adds or takes is spread over the components in proportion to their amounts."""
    net = {c: amount / _gross_factor(tariff, c) for c, amount in _taxed_amounts(found).items()}
    return tuple(_tax_line(tax, net, tariff.currency) for tax in tariff.taxes)


def totals(tariff: Tariff, found: Sequence[Line], tax_lines: Iterable[TaxLine]) -> Totals:
    """Net, tax and gross. One of net and gross is the sum of the lines, the other one follows from the tax."""
    given = total(found)
    tax = sum((Fraction(line.amount) for line in tax_lines), Fraction(0))
    net = given - tax if tariff.tax_included else given
    return Totals(*(rounded(value, tariff.currency) for value in (net, tax, net + tax)))


def _taxed_amounts(found: Sequence[Line]) -> dict[Component, Fraction]:
    """The amount of each component after the limits. A minimum for nothing is a price for the session."""
    amounts = {line.component: Fraction(line.amount) for line in found if line.component not in LIMITS}
    before, after = sum(amounts.values(), Fraction(0)), total(found)
    if not before:
        return {"SESSION": after}
    return {component: amount * after / before for component, amount in amounts.items()}


def _gross_factor(tariff: Tariff, component: Component) -> Fraction:
    """Gross divided by net, where prices include tax."""
    percent = sum((Fraction(tax.percent) for tax in tariff.taxes if _applies(tax, component)), Fraction(0))
    return 1 + percent / 100 if tariff.tax_included else Fraction(1)


def _tax_line(tax: Tax, net: dict[Component, Fraction], currency: str) -> TaxLine:
    base = sum((amount for component, amount in net.items() if _applies(tax, component)), Fraction(0))
    amount = base * Fraction(tax.percent) / 100
    return TaxLine(tax.name, tax.percent, rounded(base, currency), rounded(amount, currency))


def _applies(tax: Tax, component: Component) -> bool:
    return not tax.components or component in tax.components


LIMITS = ("MIN_PRICE", "MAX_PRICE")
