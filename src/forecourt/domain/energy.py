"""Energy from register readings: never lost, never doubled, never negative (field problem 17, quirk M10)."""

from bisect import insort_right
from datetime import timedelta
from itertools import pairwise

from forecourt.domain.reading import Reading

# Where the pile's rating is unknown: above any car or pile of today.
DEFAULT_MAX_POWER_W = 1_500_000
_SLACK = 1.25
# A jump is called implausible only beyond what a car's battery holds; a spike that falls back again, much sooner.
_SLACK_WH = 100_000
_SPIKE_SLACK_WH = 2_000


def add(readings: tuple[Reading, ...], reading: Reading) -> tuple[Reading, ...]:
    """Return the readings with one more, in the order of time, then arrival; an equal one is not doubled."""
    if not readings or reading.at > readings[-1].at:
        return (*readings, reading)
    if reading in readings[-8:] or reading in readings:
        return readings
    merged = list(readings)
    insort_right(merged, reading, key=lambda item: item.at)
    return tuple(merged)


def plausible(earlier: Reading, later: Reading, max_power_w: int | None, slack_wh: int = _SLACK_WH) -> bool:
    """Say whether the pile can have delivered this difference in this time, with 25 % and ``slack_wh`` to spare."""
    hours = max(later.at - earlier.at, timedelta()) / timedelta(hours=1)
    limit = (max_power_w or DEFAULT_MAX_POWER_W) * hours * _SLACK + slack_wh
    return later.register_wh - earlier.register_wh <= limit


def monotone(readings: tuple[Reading, ...]) -> bool:
    """Say whether the register never falls."""
    return all(a.register_wh <= b.register_wh for a, b in pairwise(readings))


def billable(readings: tuple[Reading, ...], max_power_w: int | None = None) -> tuple[Reading, ...]:
    """Return readings whose register never falls: what the price engine works on.

    A rising register is taken as it is. Where it falls, a reading that the next ones contradict is a glitch and left out
    (one dip, or one spike that the pile can't have delivered); any other fall is a meter that began anew: its difference
    counts as zero, and what follows is counted on top.
    """
    if monotone(readings):
        return readings
    kept = _without_spikes(_without_dips(readings), max_power_w)
    return _rebased(kept)


def _without_dips(readings: tuple[Reading, ...]) -> list[Reading]:
    kept: list[Reading] = []
    for index, reading in enumerate(readings):
        fell = bool(kept) and reading.register_wh < kept[-1].register_wh
        following = readings[index + 1] if index + 1 < len(readings) else None
        recovers = following is not None and kept and following.register_wh >= kept[-1].register_wh
        if not (fell and recovers):
            kept.append(reading)
    return kept


def _without_spikes(readings: list[Reading], max_power_w: int | None) -> list[Reading]:
    kept: list[Reading] = []
    for index, reading in enumerate(readings):
        following = readings[index + 1] if index + 1 < len(readings) else None
        spike = (
            bool(kept)
            and following is not None
            and following.register_wh < reading.register_wh
            and not plausible(kept[-1], reading, max_power_w, _SPIKE_SLACK_WH)
        )
        if not spike:
            kept.append(reading)
    return kept


def _rebased(readings: list[Reading]) -> tuple[Reading, ...]:
    out: list[Reading] = []
    shift = 0
    previous: Reading | None = None
    for reading in readings:
        if previous is not None and reading.register_wh < previous.register_wh:
            shift += previous.register_wh - reading.register_wh
        out.append(Reading(reading.at, reading.register_wh + shift))
        previous = reading
    return tuple(out)


def delivered_wh(readings: tuple[Reading, ...], max_power_w: int | None = None) -> int:
    """Return the energy of a session in Wh: last minus first of the billable readings."""
    usable = billable(readings, max_power_w)
    return usable[-1].register_wh - usable[0].register_wh if usable else 0


def all_plausible(readings: tuple[Reading, ...], max_power_w: int | None = None) -> bool:
    """Say whether every difference of the billable readings can have been delivered."""
    usable = billable(readings, max_power_w)
    return all(plausible(a, b, max_power_w) for a, b in pairwise(usable))
