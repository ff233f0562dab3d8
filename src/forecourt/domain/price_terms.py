"""The money side of a tariff, made ready: unit prices, limits and taxes as integers.

Whatever is computed from them is an integer over a known denominator, and is rounded once, where it becomes an amount.
"""

from decimal import Decimal
from fractions import Fraction
from math import lcm
from typing import NamedTuple

from forecourt.domain.money import MINOR_DIGITS
from forecourt.domain.price_types import PER_PRICE, UNITS
from forecourt.domain.tariff import PRICE_FIELDS, Component, Tariff, Tax, priced, unit_price

# A tariff's prices and percents have at most six decimals (`tariff_check.PRICE_DIGITS`).
MILLION = 10**6
HUNDRED_PERCENT = 100 * MILLION
# What a sum of quantity × rate is divided by to be an amount in whole currency units.
PER_RATE: dict[Component, int] = {component: MILLION * PER_PRICE[unit] for component, unit in UNITS.items()}


class TaxRule(NamedTuple):
    """A tax: `percent` in millionths, `weights` of the components that it applies to.

    A component's net amount is its amount × weight ÷ `Terms.net_unit`.
    """

    percent: int
    weights: dict[Component, int]


class Terms(NamedTuple):
    """Rates in millionths, by component and element (0 where the element does not price it); limits in minor units."""

    rates: dict[Component, tuple[int, ...]]
    digits: int
    minor: int  # minor units in a currency unit
    minimum: int | None
    maximum: int | None
    tax_included: bool
    taxes: tuple[TaxRule, ...]
    net_unit: int


def terms(tariff: Tariff) -> Terms:
    """The terms of a valid tariff."""
    digits = MINOR_DIGITS[tariff.currency]
    minor = 10**digits
    shares = {component: _net_share(tariff, component) for component in PRICE_FIELDS}
    net_unit = lcm(*(share.denominator for share in shares.values()))
    return Terms(
        rates={c: _rates(tariff, c) for c in priced(tariff)},
        digits=digits,
        minor=minor,
        minimum=_units(tariff.min_price, minor),
        maximum=_units(tariff.max_price, minor),
        tax_included=tariff.tax_included,
        taxes=tuple(_rule(tax, shares, net_unit) for tax in tariff.taxes),
        net_unit=net_unit,
    )


def _rates(tariff: Tariff, component: Component) -> tuple[int, ...]:
    return tuple(_units(unit_price(element, component), MILLION) or 0 for element in tariff.elements)


def _units(price: Decimal | None, units: int) -> int | None:
    return None if price is None else int(Fraction(price) * units)


def _net_share(tariff: Tariff, component: Component) -> Fraction:
    """Net divided by gross where prices include tax, else 1."""
    percent = sum((Fraction(tax.percent) for tax in tariff.taxes if _applies(tax, component)), Fraction(0))
    return 100 / (100 + percent) if tariff.tax_included else Fraction(1)


def _rule(tax: Tax, shares: dict[Component, Fraction], net_unit: int) -> TaxRule:
    weights = {c: int(share * net_unit) for c, share in shares.items() if _applies(tax, c)}
    return TaxRule(int(Fraction(tax.percent) * MILLION), weights)


def _applies(tax: Tax, component: Component) -> bool:
    return not tax.components or component in tax.components
