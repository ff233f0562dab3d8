"""The split: a meter curve, cut at every instant at which a price may change, in exact arithmetic.

The curve is linear between two readings. A change is found at its exact instant and its exact register, each a ratio
of two integers. All that comes out depends on the curve only, not on the number of readings that describe it: one more
reading on the line changes nothing.

Only the intervals in which something changes are looked at: a session of a thousand readings in one period is as cheap
as one of two.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise
from operator import itemgetter
from typing import NamedTuple

from forecourt.domain.price_plan import Match, Plan, match
from forecourt.domain.price_slots import Slot

# Watts are Wh per hour.
MICROSECONDS_PER_HOUR = 3_600_000_000

Ratio = tuple[int, int]  # numerator and denominator, which is above 0
Knot = tuple[int, int]  # instant in µs, register in Wh
# The index of a knot, and how far behind it on the line to the next one: µs passed × Wh of the interval, which is
# Wh passed × µs of the interval. So cuts by time and by energy are put in order, and found to be one, by integers.
Place = tuple[int, int]
Move = tuple[Place, int, int]  # from this place on, one axis (SLOT, LEVEL, POWER) stands at another index

SLOT, LEVEL, POWER = range(3)
AT, REGISTER = itemgetter(0), itemgetter(1)


class Change(NamedTuple):
    """From this point on another slot, energy level or power holds; `before` and `after` are the nearest knots."""

    at: Ratio
    register: Ratio
    slot: Slot
    match: Match
    before: int
    after: int


def runs(keys: Sequence[object]) -> list[tuple[int, int]]:
    """Where each longest stretch of equal keys (such as the element that prices it) starts and ends."""
    starts = [i for i, key in enumerate(keys) if i == 0 or key != keys[i - 1]]
    return [*pairwise([*starts, len(keys)])]


def changes(plan: Plan, slots: list[Slot], knots: list[Knot]) -> list[Change]:
    """All changes along the knots, which fill the slots from end to end, and a last one where the curve ends."""
    moves = _slot_moves(slots, knots)
    if plan.levels_wh:
        moves += _level_moves(plan.levels_wh, knots)
    if plan.powers_w:
        moves += _power_moves(plan.powers_w, knots)
    end = len(knots) - 1
    places: dict[Place, Change] = {}
    state = [0, 0, 0]
    for place, axis, index in sorted(moves):
        # Of several moves at one place, the last one knows them all.
        state[axis] = index
        if place[0] < end:
            places[place] = _change(plan, slots[state[SLOT]], state, knots, place)
    found = [*places.values()]
    if found:
        at, register = knots[end]
        found.append(Change((at, 1), (register, 1), found[-1].slot, found[-1].match, end, end))
    return found


def _change(plan: Plan, slot: Slot, state: list[int], knots: list[Knot], place: Place) -> Change:
    at, register = _point(knots, place)
    holds = match(plan, slot.candidates, state[LEVEL], state[POWER])
    return Change(at, register, slot, holds, place[0], place[0] + (place[1] > 0))


def _slot_moves(slots: list[Slot], knots: list[Knot]) -> list[Move]:
    moves: list[Move] = []
    for index, slot in enumerate(slots):
        i = bisect_left(knots, slot.start, key=AT)
        at, register = knots[i]
        if at == slot.start:
            place = _last_equal(knots, i), 0
        else:
            start, low = knots[i - 1]
            place = i - 1, (slot.start - start) * (register - low or 1)
        moves.append((place, SLOT, index))
    return moves


def _level_moves(levels_wh: tuple[int, ...], knots: list[Knot]) -> list[Move]:
    moves: list[Move] = []
    first, last = knots[0][1], knots[-1][1]
    for index, level in enumerate((first + wh for wh in levels_wh if first + wh <= last), start=1):
        i = bisect_left(knots, level, key=REGISTER)
        at, register = knots[i]
        if register == level:
            place = _last_equal(knots, i), 0
        else:
            start, low = knots[i - 1]
            place = i - 1, (level - low) * (at - start or 1)
        moves.append((place, LEVEL, index))
    return moves


def _power_moves(powers_w: tuple[int, ...], knots: list[Knot]) -> list[Move]:
    moves: list[Move] = []
    last = 0
    for i, (a, b) in enumerate(pairwise(knots)):
        index = bisect_right(powers_w, _power_w(a, b))
        if a != b and index != last:
            last = index
            moves.append(((i, 0), POWER, index))
    return moves


def _power_w(a: Knot, b: Knot) -> int:
    """The average power, rounded down (thresholds are whole watts); 0 for an interval without length."""
    return (b[1] - a[1]) * MICROSECONDS_PER_HOUR // (b[0] - a[0]) if b[0] > a[0] else 0


def _last_equal(knots: list[Knot], i: int) -> int:
    while i + 1 < len(knots) and knots[i] == knots[i + 1]:
        i += 1
    return i


def _point(knots: list[Knot], place: Place) -> tuple[Ratio, Ratio]:
    """The instant and the register of a place."""
    i, part = place
    at, register = knots[i]
    if not part:
        return (at, 1), (register, 1)
    duration, energy = knots[i + 1][0] - at, knots[i + 1][1] - register
    if not energy:
        return (at + part, 1), (register, 1)
    if not duration:
        return (at, 1), (register + part, 1)
    return _plus(at, part, energy), _plus(register, part, duration)


def _plus(base: int, part: int, whole: int) -> Ratio:
    """`base` + `part` ÷ `whole`."""
    quotient, rest = divmod(part, whole)
    if not rest:
        return base + quotient, 1
    return (base + Fraction(part, whole)).as_integer_ratio()
