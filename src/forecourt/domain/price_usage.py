"""A usage, checked and turned into integers: what the split works on."""

from itertools import pairwise
from typing import NamedTuple

from forecourt.domain.price_slots import DAY, instant, micros
from forecourt.domain.price_split import Change, Knot
from forecourt.domain.reading import Reading
from forecourt.domain.tariff import Usage

# A longer one is a wrong clock (piles boot in 1970), which whoever has the pile's clock offset must correct first.
MAX_DAYS = 366


class Curve(NamedTuple):
    """Microseconds and Wh. `knots` are the readings, with one more at an end that the session has and they have not."""

    session: tuple[int, int]
    idle: list[tuple[int, int]]
    knots: list[Knot]
    first: int  # index of the first knot that is a reading

    @property
    def span(self) -> tuple[int, int]:
        return self.knots[0][0], self.knots[-1][0]


def curve(usage: Usage) -> Curve:
    """The usage in integers. ValueError: it contradicts itself; the text names the reading or interval."""
    session = micros(usage.start), micros(usage.end)
    if session[0] > session[1]:
        raise ValueError(f"end {usage.end} is before start {usage.start}")
    knots = [(micros(reading.at), reading.register_wh) for reading in usage.readings]
    _check_order(knots, usage.readings)
    first = 0
    if not knots:
        knots = [(session[0], 0), (session[1], 0)]
    if session[0] < knots[0][0]:
        first = 1
        knots.insert(0, (session[0], knots[0][1]))
    if session[1] > knots[-1][0]:
        knots.append((session[1], knots[-1][1]))
    if knots[-1][0] - knots[0][0] > MAX_DAYS * DAY:
        days = (knots[-1][0] - knots[0][0]) // DAY
        raise ValueError(f"usage of {days} days, more than {MAX_DAYS}: correct the clock first")
    return Curve(session, _idle(usage, session), knots, first)


def readings_around(usage: Usage, first: int, start: Change, end: Change) -> tuple[Reading, Reading]:
    """The last reading before `start` and the first one after `end`, or the nearest there is."""
    last = len(usage.readings) - 1
    before, after = start.before - first, end.after - first
    return usage.readings[min(max(before, 0), last)], usage.readings[min(max(after, 0), last)]


def _check_order(knots: list[Knot], readings: tuple[Reading, ...]) -> None:
    for i, (a, b) in enumerate(pairwise(knots), start=1):
        if b[0] < a[0]:
            raise ValueError(
                f"readings[{i}] at {readings[i].at} is before readings[{i - 1}] at {readings[i - 1].at}"
            )
        if b[1] < a[1]:
            raise ValueError(f"readings[{i}] of {b[1]} Wh is below readings[{i - 1}] of {a[1]} Wh")


def _idle(usage: Usage, session: tuple[int, int]) -> list[tuple[int, int]]:
    """The idle intervals, cut to the session, sorted and merged."""
    merged: list[tuple[int, int]] = []
    for start, end in sorted((micros(start), micros(end)) for start, end in usage.idle):
        if start > end:
            raise ValueError(f"idle interval from {instant(start)} ends before it starts, at {instant(end)}")
        low, high = max(start, session[0]), min(end, session[1])
        if merged and low <= merged[-1][1]:
            merged[-1] = merged[-1][0], max(high, merged[-1][1])
        elif low < high:
            merged.append((low, high))
    return merged
