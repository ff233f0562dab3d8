"""From shares to the totals: each component rounded once, then the limits, then each tax rounded once.

All amounts are integers in the currency's minor unit; `docs/explanation/pricing.md` states the rules.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from forecourt.domain.money import nearest
from forecourt.domain.price_steps import Share
from forecourt.domain.price_terms import HUNDRED_PERCENT, PER_RATE, Terms
from forecourt.domain.tariff import Component

Amounts = dict[Component, int]


class Totals(NamedTuple):
    """The money of a price: of each component, what a limit adds or takes, (base, tax) of each tax, and the sums."""

    amounts: Amounts
    limit: int
    taxes: list[tuple[int, int]]
    excl_tax: int
    tax: int
    incl_tax: int


def totals(terms: Terms, shares: Iterable[Share]) -> Totals:
    """Net, tax and gross. One of net and gross is the sum of the lines, the other one follows from the tax."""
    amounts = _amounts(terms, shares)
    given = sum(amounts.values())
    limited = _limited(terms, given)
    taxes = [*_taxes(terms, amounts, given, limited)]
    tax = sum([amount for _, amount in taxes])
    net = limited - tax if terms.tax_included else limited
    return Totals(amounts, limited - given, taxes, net, tax, net + tax)


def _amounts(terms: Terms, shares: Iterable[Share]) -> Amounts:
    """Also of the components of which nothing was used."""
    sums: Amounts = dict.fromkeys(terms.rates, 0)
    for share in shares:
        sums[share.component] += share.quantity * share.rate
    return {component: nearest(value * terms.minor, PER_RATE[component]) for component, value in sums.items()}


def _limited(terms: Terms, amount: int) -> int:
    if terms.minimum is not None and amount < terms.minimum:
        return terms.minimum
    if terms.maximum is not None and amount > terms.maximum:
        return terms.maximum
    return amount


def _taxes(terms: Terms, amounts: Amounts, before: int, after: int) -> Iterator[tuple[int, int]]:
    """What a limit adds or takes is spread over the components in proportion to their amounts.

    A minimum for nothing at all is a price for the session.
    """
    if not before:
        amounts, before = {"SESSION": 1}, 1
    unit = before * terms.net_unit
    for tax in terms.taxes:
        base = after * sum([amount * tax.weights.get(c, 0) for c, amount in amounts.items()])
        yield nearest(base, unit), nearest(base * tax.percent, unit * HUNDRED_PERCENT)
