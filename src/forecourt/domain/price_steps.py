"""From runs to shares, and from shares to steps.

A *share* is what one element gives of a component in one stretch: a whole quantity, by largest remainder. The money
depends on nothing else. A `Step` is a share as it is shown: with its times, registers, readings and amount.
"""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from math import lcm
from typing import NamedTuple

from forecourt.domain.money import PLAIN_DIGITS, nearest, shortest
from forecourt.domain.price_plan import Plan, match
from forecourt.domain.price_slots import SECOND, Slot, instant
from forecourt.domain.price_split import Change, Ratio, runs
from forecourt.domain.price_terms import PER_RATE
from forecourt.domain.price_types import Step
from forecourt.domain.price_usage import Curve, readings_around
from forecourt.domain.tariff import Component, Tariff, Usage, unit_price

FREE = Decimal(0)
SHOWN = 10**PLAIN_DIGITS
REGISTER_DIGITS = 6
METERED: tuple[Component, ...] = ("ELECTRICITY", "SERVICE")
# The element that prices a stretch of time, and whether its grace period is on; None: this time does not count.
TimeKey = tuple[int | None, bool] | None


class Split(NamedTuple):
    """A usage, cut for a tariff: all that is known before prices come in."""

    plan: Plan
    curve: Curve
    slots: list[Slot]
    changes: list[Change]

    @property
    def energy_wh(self) -> int:
        return self.curve.knots[-1][1] - self.curve.knots[0][1]


class Share(NamedTuple):
    """A quantity (Wh, s or 1) of a component between two changes, and the element that prices it; `grace`: free.

    `rate` is what the element asks, in millionths of a currency unit.
    """

    component: Component
    element: int | None
    grace: bool
    quantity: int
    rate: int
    first: Change
    last: Change


def shares(split: Split) -> list[Share]:
    """The shares of all components that the tariff prices, in the order of the components, then of time."""
    return [*_metered(split), *_charging(split), *_idle(split), *_session(split)]


def apportion(values: Sequence[int | Fraction], total: int, unit: int = 1) -> list[int]:
    """Whole numbers that add up to `total` by largest remainder, of values in 1/`unit`; of equal ones the earlier wins."""
    whole = [value // unit for value in values]
    left = total - sum(whole)
    if left:
        for i in sorted(range(len(values)), key=lambda i: -(values[i] % unit))[:left]:
            whole[i] += 1
    return whole


def _metered(split: Split) -> list[Share]:
    """Both fees are cut at the same points, so that a period has the same Wh in both."""
    changes, rates = split.changes, split.plan.terms.rates
    keys = [change.match[:2] for change in changes[:-1]]
    found = runs(keys)
    values, unit = _lengths([(changes[i].register, changes[j].register) for i, j in found])
    whole = apportion(values, split.energy_wh, unit)
    stretches = [
        (keys[i], wh, changes[i], changes[j])
        for (i, j), value, wh in zip(found, values, whole, strict=True)
        if value
    ]
    return [
        Share(component, key[which], False, wh, _rate(rates[component], key[which]), first, last)
        for which, component in enumerate(METERED)
        if component in rates
        for key, wh, first, last in stretches
    ]


def _charging(split: Split) -> list[Share]:
    """Charging time is the session without its idle time."""
    if "TIME" not in split.plan.terms.rates:
        return []
    return _timed(split, "TIME", [_charging_key(change) for change in split.changes[:-1]])


def _charging_key(change: Change) -> TimeKey:
    return (change.match.time, False) if change.slot.in_session and not change.slot.idle else None


def _idle(split: Split) -> list[Share]:
    """The grace period is counted once: the first so many idle seconds, in one piece or several."""
    if "IDLE" not in split.plan.terms.rates or not split.curve.idle:
        return []
    return _timed(split, "IDLE", [_idle_key(split.plan, change) for change in split.changes[:-1]])


def _idle_key(plan: Plan, change: Change) -> TimeKey:
    if not change.slot.idle:
        return None
    element = change.match.idle
    return element, element is not None and change.slot.idle_us < plan.rules[element].grace_s * SECOND


def _timed(split: Split, component: Component, keys: list[TimeKey]) -> list[Share]:
    changes, rates = split.changes, split.plan.terms.rates[component]
    found = [(*key, changes[i], changes[j]) for i, j in runs(keys) if (key := keys[i])]
    values, unit = _lengths([(first.at, last.at) for _, _, first, last in found])
    unit *= SECOND
    whole = apportion(values, nearest(sum(values), unit), unit)
    return [
        Share(component, element, grace, seconds, _rate(rates, element, grace), first, last)
        for (element, grace, first, last), seconds in zip(found, whole, strict=True)
    ]


def _rate(rates: tuple[int, ...], element: int | None, grace: bool = False) -> int:
    return 0 if element is None or grace else rates[element]


def _lengths(spans: Sequence[tuple[Ratio, Ratio]]) -> tuple[list[int], int]:
    """The length of each span over a common denominator."""
    unit = lcm(*[end[1] for span in spans for end in span])
    return [high[0] * (unit // high[1]) - low[0] * (unit // low[1]) for low, high in spans], unit


def _session(split: Split) -> list[Share]:
    """Once, at the first instant of the session at which an element asks for it."""
    rates = split.plan.terms.rates.get("SESSION")
    if rates is None:
        return []
    start, end = split.curve.session
    within = split.changes if start < end else [_instant_session(split, start)]
    asked = ((c, c.match.session) for c in within if c.slot.in_session or start == end)
    return [Share("SESSION", i, False, 1, rates[i], c, c) for c, i in asked if i is not None][:1]


def _instant_session(split: Split, start: int) -> Change:
    """A session without length lies in no slot: its start decides."""
    slot = [slot for slot in split.slots if slot.start <= start][-1]
    return Change((start, 1), (0, 1), slot, match(split.plan, slot.candidates, 0, 0), 0, 0)


def steps(tariff: Tariff, usage: Usage, split: Split, found: Sequence[Share]) -> list[Step]:
    """The shares as they are shown."""
    return [_step(tariff, usage, split, share) for share in found]


def _step(tariff: Tariff, usage: Usage, split: Split, share: Share) -> Step:
    component, index, grace, quantity, rate, first, last = share
    element = None if index is None else tariff.elements[index]
    price = None if element is None or grace else unit_price(element, component)
    (start, register_from), (end, register_to) = (
        _shown(first.at, first.register),
        _shown(last.at, last.register),
    )
    metered = component in METERED
    return Step(
        component=component,
        element=index,
        period="" if element is None else element.name,
        start=start,
        end=end,
        quantity=quantity,
        unit_price=FREE if price is None else price,
        amount=shortest(nearest(quantity * rate * SHOWN, PER_RATE[component]), PLAIN_DIGITS),
        grace=grace,
        register_from=register_from if metered else None,
        register_to=register_to if metered else None,
        readings=readings_around(usage, split.curve.first, first, last) if metered else None,
    )


@lru_cache(maxsize=1024)
def _shown(at: Ratio, register: Ratio) -> tuple[datetime, Decimal]:
    """A point of the curve: each is the end of one share and the start of the next, in several components."""
    wh = nearest(register[0] * 10**REGISTER_DIGITS, register[1])
    return instant(at[0] // at[1]), shortest(wh, REGISTER_DIGITS)
