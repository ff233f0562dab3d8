"""The split: a meter curve, cut at every instant at which a price may change, in exact arithmetic.

The curve is linear between two readings. A change is found at its exact instant and its exact register: integers where
they fall on whole microseconds and Wh, `Fraction` elsewhere. All that comes out depends on the curve only, not on the
number of readings that describe it: one more reading on the line changes nothing.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterator
from fractions import Fraction
from itertools import pairwise
from typing import Generic, NamedTuple, TypeVar

from forecourt.domain.price_plan import Match, Plan, match
from forecourt.domain.price_slots import Slot

# Watts are Wh per hour.
MICROSECONDS_PER_HOUR = 3_600_000_000

Exact = int | Fraction
Knot = tuple[int, int]  # instant in µs, register in Wh
Point = tuple[Exact, Exact]  # the same, on the line between two knots
State = tuple[int, int, int]  # indices of the slot, the energy level, the power class
Key = TypeVar("Key")


class Change(NamedTuple):
    """From this point on another slot, energy level or power holds; `before` and `after` are the nearest knots."""

    at: Exact
    register: Exact
    slot: Slot
    match: Match
    before: int
    after: int


class Run(NamedTuple, Generic[Key]):
    """A longest stretch with the same key (such as the element that prices it), from one change to another."""

    key: Key
    first: Change
    last: Change

    @property
    def energy_wh(self) -> Exact:
        return self.last.register - self.first.register

    @property
    def micros(self) -> Exact:
        return self.last.at - self.first.at


def runs(changes: list[Change], key: Callable[[Change], Key]) -> list[Run[Key]]:
    """The changes, merged wherever the key stays the same."""
    found: list[Run[Key]] = []
    for first, last in pairwise(changes):
        new = key(first)
        start = found.pop().first if found and found[-1].key == new else first
        found.append(Run(new, start, last))
    return found


def changes(plan: Plan, slots: list[Slot], knots: list[Knot]) -> list[Change]:
    """All changes along the knots, which fill the slots from end to end, and a last one where the curve ends."""
    found: list[Change] = []
    matches: dict[State, Match] = {}
    last: State | None = None
    for state, (at, register), before, after in _pieces(plan, slots, knots):
        if state != last:
            last = state
            if state not in matches:
                matches[state] = _match(plan, slots, state)
            found.append(Change(at, register, slots[state[0]], matches[state], before, after))
    if found:
        end = len(knots) - 1
        found.append(found[-1]._replace(at=knots[end][0], register=knots[end][1], before=end, after=end))
    return found


def _pieces(plan: Plan, slots: list[Slot], knots: list[Knot]) -> Iterator[tuple[State, Point, int, int]]:
    """Each piece of the curve that lies in one state: the state, where it starts, the knots around that point."""
    levels = [knots[0][1] + level for level in plan.levels_wh]
    starts = [slot.start for slot in slots]
    for i, (a, b) in enumerate(pairwise(knots)):
        if a == b:
            continue
        power = bisect_right(plan.powers_w, _power_w(a, b)) if plan.powers_w else 0
        slot, level = bisect_right(starts, a[0]) - 1, bisect_right(levels, a[1])
        yield (slot, level, power), a, i, i
        if slots[slot].end < b[0] or (level < len(levels) and levels[level] < b[1]):
            for point in _cuts(a, b, starts, levels):
                state = bisect_right(starts, point[0]) - 1, bisect_right(levels, point[1]), power
                yield state, point, i, i + 1


def _power_w(a: Knot, b: Knot) -> int:
    """The average power, rounded down (thresholds are whole watts); 0 for an interval without length."""
    return (b[1] - a[1]) * MICROSECONDS_PER_HOUR // (b[0] - a[0]) if b[0] > a[0] else 0


def _cuts(a: Knot, b: Knot, starts: list[int], levels: list[int]) -> list[Point]:
    """The points strictly between two knots at which a slot starts or an energy level is reached, in order."""
    duration, energy = b[0] - a[0], b[1] - a[1]
    points: set[Point] = set()
    for start in starts[bisect_right(starts, a[0]) :]:
        if start >= b[0]:
            break
        points.add((start, a[1] + Fraction((start - a[0]) * energy, duration)))
    for level in levels[bisect_right(levels, a[1]) :]:
        if level >= b[1]:
            break
        points.add((a[0] + Fraction((level - a[1]) * duration, energy), level))
    return sorted(points)


def _match(plan: Plan, slots: list[Slot], state: State) -> Match:
    """What holds everywhere in the state holds at its lower threshold."""
    slot, level, power = state
    energy_wh = plan.levels_wh[level - 1] if level else 0
    power_w = plan.powers_w[power - 1] if power else 0
    return match(plan.rules, slots[slot].candidates, energy_wh, power_w)
