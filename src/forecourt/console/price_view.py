"""A price as its page tells it: from the register, through periods and prices, to the total."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from forecourt.domain.money import plain
from forecourt.domain.price_types import Line, Price, Step, exact
from forecourt.domain.tariff import Tariff, unit_price

# The colour of a period in the strip, by the order of its price: the cheapest first.
TONES = ("low", "flat", "high", "peak")


class ComponentView(NamedTuple):
    """One component: its steps, their exact sum, and what it is after the one rounding."""

    line: Line
    steps: Sequence[Step]
    exact: Decimal

    @property
    def rounded(self) -> bool:
        """Say whether the rounding changed anything."""
        return self.exact != self.line.amount


class Band(NamedTuple):
    """A stretch of the session in one period: where it is drawn (0 … 1000), its name, energy and colour."""

    x: float
    width: float
    name: str
    tone: str
    step: Step


def components(price: Price) -> list[ComponentView]:
    """Return the components in the order of the price's lines."""
    return [_component(price, line) for line in price.lines]


def _component(price: Price, line: Line) -> ComponentView:
    steps = [step for step in price.steps if step.component == line.component]
    total = sum((exact(step.component, step.quantity, step.unit_price) for step in steps), Fraction(0))
    return ComponentView(line, steps, plain(total))


def bands(price: Price, tariff: Tariff, start: datetime, end: datetime) -> list[Band]:
    """Return the periods of the energy over the time of the session, coloured by their price among all of the tariff."""
    whole = (end - start).total_seconds()
    steps = [step for step in price.steps if step.readings]
    first = [step for step in steps if step.component == steps[0].component]
    return list(_bands(first, _prices(tariff, first), start, whole)) if whole > 0 else []


def _prices(tariff: Tariff, steps: Sequence[Step]) -> list[Decimal]:
    asked = [unit_price(element, step.component) for step in steps[:1] for element in tariff.elements]
    return sorted({step.unit_price for step in steps}.union(amount for amount in asked if amount is not None))


def _bands(steps: Sequence[Step], prices: Sequence[Decimal], start: datetime, whole: float) -> Iterator[Band]:
    for step in steps:
        x = (step.start - start).total_seconds() / whole * 1000
        width = (step.end - step.start).total_seconds() / whole * 1000
        yield Band(round(x, 1), round(max(width, 2.0), 1), step.period, _tone(prices, step.unit_price), step)


def _tone(prices: Sequence[Decimal], price: Decimal) -> str:
    if len(prices) == 1:
        return "flat"
    return TONES[prices.index(price) * (len(TONES) - 1) // (len(prices) - 1)]
