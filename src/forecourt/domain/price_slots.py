"""Time, cut into slots: stretches in which no restriction of a tariff that depends on time alone changes.

Everything is whole microseconds since 1970 UTC. Wall clocks are handled by stretches of constant UTC offset, so a day
of 23 or 25 hours needs no care: a period lasts as long as the station's clock shows it.
"""

from bisect import bisect_right
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import NamedTuple
from zoneinfo import ZoneInfo

from forecourt.domain.price_plan import Plan, holding

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
EPOCH_ORDINAL = EPOCH.toordinal()
MICROSECOND = timedelta(microseconds=1)
SECOND = 1_000_000
MINUTE = 60 * SECOND
DAY = 86_400 * SECOND


class Slot(NamedTuple):
    """[start, end) with the elements whose time restrictions hold, and how the session stands in it.

    `idle_us` is the idle time of the session before the slot, which is what a grace period counts.
    """

    start: int
    end: int
    candidates: tuple[int, ...]
    in_session: bool
    idle: bool
    idle_us: int


def micros(at: datetime) -> int:
    """Microseconds since 1970 of an aware instant. ValueError: no UTC offset."""
    try:
        return (at - EPOCH) // MICROSECOND
    except TypeError:
        raise ValueError(f"{at} has no UTC offset") from None


def instant(us: int) -> datetime:
    """The aware UTC instant."""
    return EPOCH + timedelta(0, 0, us)


def time_zone(name: str) -> ZoneInfo:
    """The IANA time zone. ValueError: there is none of this name."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ValueError(f"unknown time zone {name!r}: give an IANA name such as Asia/Shanghai") from None


def slots(
    plan: Plan, zone: ZoneInfo, span: tuple[int, int], session: tuple[int, int], idle: list[tuple[int, int]]
) -> list[Slot]:
    """The slots that fill `span`; `session` lies in it and `idle` (sorted, disjoint) in the session."""
    stretches = list(_stretches(zone, *span))
    cuts = [*session, *(edge for interval in idle for edge in interval)]
    cuts += [start for start, _, _ in stretches]
    cuts += [session[0] + duration * SECOND for duration in plan.durations_s]
    cuts += [cut for grace in plan.graces_s if (cut := _grace_end(idle, grace * SECOND)) is not None]
    for stretch in stretches:
        cuts += _wall_cuts(plan.walls, *stretch)
    edges = [span[0], *sorted({cut for cut in cuts if span[0] < cut < span[1]}), span[1]]
    return list(_fill(plan, edges, stretches, session, idle))


def _stretches(zone: ZoneInfo, start: int, end: int) -> Iterator[tuple[int, int, int]]:
    """(start, end, UTC offset) of the stretches of constant offset. No zone changes it twice within a day."""
    probes = [*range(start, end, DAY), end]
    offset = _offset(zone, start)
    for before, after in pairwise(probes):
        new = _offset(zone, after)
        if new != offset:
            change = _transition(zone, before, after)
            yield start, change, offset
            start, offset = change, new
    yield start, end, offset


def _offset(zone: ZoneInfo, us: int) -> int:
    offset = instant(us).astimezone(zone).utcoffset()
    return (offset or timedelta()) // MICROSECOND


def _transition(zone: ZoneInfo, before: int, after: int) -> int:
    """The first microsecond with the offset of `after`."""
    old = _offset(zone, before)
    while after - before > 1:
        middle = (before + after) // 2
        before, after = (middle, after) if _offset(zone, middle) == old else (before, middle)
    return after


def _wall_cuts(walls: tuple[int, ...], start: int, end: int, offset: int) -> list[int]:
    days = range((start + offset) // DAY, (end + offset) // DAY + 1)
    return [day * DAY + wall * MINUTE - offset for day in days for wall in walls]


def _grace_end(idle: list[tuple[int, int]], grace: int) -> int | None:
    """The instant at which the session has been idle for `grace` in all."""
    for start, end in idle:
        if grace < end - start:
            return start + grace
        grace -= end - start
    return None


def _fill(
    plan: Plan,
    edges: list[int],
    stretches: list[tuple[int, int, int]],
    session: tuple[int, int],
    idle: list[tuple[int, int]],
) -> Iterator[Slot]:
    """A slot for each pair of edges; a span without length is one slot without length."""
    pending, idle_us = list(reversed(idle)), 0
    offsets = list(reversed(stretches))
    for start, end in pairwise(edges):
        while len(offsets) > 1 and start >= offsets[-1][1]:
            offsets.pop()
        while pending and start >= pending[-1][1]:
            pending.pop()
        is_idle = bool(pending) and start >= pending[-1][0]
        in_session = session[0] <= start < session[1]
        candidates = _candidates(plan, start + offsets[-1][2], start - session[0])
        yield Slot(start, end, candidates, in_session, is_idle, idle_us)
        idle_us += end - start if is_idle else 0


def _candidates(plan: Plan, local_us: int, duration_us: int) -> tuple[int, ...]:
    """The elements whose restrictions by calendar and duration hold; before the session the duration is 0."""
    day, time = divmod(local_us, DAY)
    walls = bisect_right(plan.walls, time // MINUTE)
    return holding(
        plan, EPOCH_ORDINAL + day, walls, bisect_right(plan.durations_s, max(0, duration_us // SECOND))
    )
