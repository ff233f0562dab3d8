"""From runs to steps: whole quantities by largest remainder, each with its element, unit price and exact amount."""

from collections.abc import Callable, Sequence
from decimal import Decimal
from fractions import Fraction
from math import floor
from typing import NamedTuple

import msgspec

from forecourt.domain.money import half_up, plain
from forecourt.domain.price_plan import Plan, match
from forecourt.domain.price_slots import SECOND, Slot, instant
from forecourt.domain.price_split import Change, Exact, Run, runs
from forecourt.domain.price_types import Step, exact
from forecourt.domain.price_usage import Curve, readings_around
from forecourt.domain.tariff import Component, Tariff, Usage, priced, unit_price

FREE = Decimal(0)
REGISTER_DIGITS = 6


class Split(NamedTuple):
    """A usage, cut for a tariff: all that is known before prices come in."""

    tariff: Tariff
    usage: Usage
    plan: Plan
    curve: Curve
    slots: list[Slot]
    changes: list[Change]

    @property
    def energy_wh(self) -> int:
        return self.curve.knots[-1][1] - self.curve.knots[0][1]


class TimeKey(NamedTuple):
    """Whether this time counts for the component, the element that prices it, and whether it is in its grace period."""

    counts: bool
    element: int | None
    grace: bool


def steps(split: Split) -> list[Step]:
    """The steps of all components that the tariff prices, in the order of the components, then of time."""
    return [step for component in priced(split.tariff) for step in STEPS[component](split, component)]


def apportion(values: Sequence[Exact], total: int) -> list[int]:
    """Whole numbers that add up to `total` by largest remainder; of equal remainders the earlier one wins."""
    whole = [floor(value) for value in values]
    order = sorted(range(len(values)), key=lambda i: whole[i] - values[i])
    for i in order[: total - sum(whole)]:
        whole[i] += 1
    return whole


def _energy(split: Split, component: Component) -> list[Step]:
    """Both fees are cut at the same points, so that a period has the same Wh in both."""
    stretches = runs(split.changes, lambda change: (change.match.electricity, change.match.service))
    stretches = [run for run in stretches if run.energy_wh]
    whole = apportion([run.energy_wh for run in stretches], split.energy_wh)
    which = 0 if component == "ELECTRICITY" else 1
    return [
        _metered(split, component, run, run.key[which], wh) for run, wh in zip(stretches, whole, strict=True)
    ]


def _metered(
    split: Split, component: Component, run: Run[tuple[int | None, int | None]], element: int | None, wh: int
) -> Step:
    step = _step(split.tariff, component, element, (run.first.at, run.last.at), wh)
    return msgspec.structs.replace(
        step,
        register_from=plain(Fraction(run.first.register), REGISTER_DIGITS),
        register_to=plain(Fraction(run.last.register), REGISTER_DIGITS),
        readings=readings_around(split.usage, split.curve.first, run.first, run.last),
    )


def _time(split: Split, component: Component) -> list[Step]:
    """Charging time is the session without its idle time."""
    return _timed(
        split, component, lambda c: TimeKey(c.slot.in_session and not c.slot.idle, c.match.time, False)
    )


def _idle(split: Split, component: Component) -> list[Step]:
    """The grace period is counted once: the first so many idle seconds, in one piece or several."""

    def key(change: Change) -> TimeKey:
        element = change.match.idle
        grace = element is not None and change.slot.idle_us < split.plan.rules[element].grace_s * SECOND
        return TimeKey(change.slot.idle, element, grace)

    return _timed(split, component, key)


def _timed(split: Split, component: Component, key: Callable[[Change], TimeKey]) -> list[Step]:
    stretches = [run for run in runs(split.changes, key) if run.key.counts]
    seconds = [Fraction(run.micros) / SECOND for run in stretches]
    whole = apportion(seconds, half_up(sum(seconds, Fraction(0))))
    return [
        _step(split.tariff, component, run.key.element, (run.first.at, run.last.at), quantity, run.key.grace)
        for run, quantity in zip(stretches, whole, strict=True)
    ]


def _session(split: Split, component: Component) -> list[Step]:
    """Once, at the first instant of the session at which an element asks for it."""
    found = (
        (c.at, c.match.session) for c in split.changes if c.slot.in_session and c.match.session is not None
    )
    at, element = next(found, _instant_session(split))
    return [] if element is None else [_step(split.tariff, component, element, (at, at), 1)]


def _instant_session(split: Split) -> tuple[Exact, int | None]:
    """A session without length lies in no slot: its start decides."""
    start, end = split.curve.session
    if start < end:
        return start, None
    slot = [slot for slot in split.slots if slot.start <= start][-1]
    return start, match(split.plan.rules, slot.candidates, 0, 0).session


def _step(
    tariff: Tariff,
    component: Component,
    element: int | None,
    span: tuple[Exact, Exact],
    quantity: int,
    grace: bool = False,
) -> Step:
    given = None if element is None or grace else unit_price(tariff.elements[element], component)
    price = FREE if given is None else given
    return Step(
        component=component,
        element=element,
        period="" if element is None else tariff.elements[element].name,
        start=instant(floor(span[0])),
        end=instant(floor(span[1])),
        quantity=quantity,
        unit_price=price,
        amount=plain(exact(component, quantity, price)),
        grace=grace,
    )


STEPS: dict[Component, Callable[[Split, Component], list[Step]]] = {
    "ELECTRICITY": _energy,
    "SERVICE": _energy,
    "TIME": _time,
    "IDLE": _idle,
    "SESSION": _session,
}
