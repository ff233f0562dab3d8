"""Energy from register readings: never lost, never doubled, never negative (field problem 17, quirk M10)."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import accumulate, pairwise

from forecourt.domain.reading import Reading

# Where the pile's rating is unknown: above any car or pile of today.
DEFAULT_MAX_POWER_W = 1_500_000
_SLACK = 1.25
# A jump is called implausible only beyond what a car's battery holds; a spike that falls back again, much sooner.
_SLACK_WH = 100_000
_SPIKE_SLACK_WH = 2_000
_HOUR = timedelta(hours=1)
_NO_TIME = timedelta()


def _order(reading: Reading) -> tuple[datetime, int]:
    return reading.at, reading.register_wh


def merged(readings: tuple[Reading, ...], more: Sequence[Reading]) -> tuple[Reading, ...]:
    """Return all readings, each once, in the order of time.

    Of one instant the lower register comes first, so that the order of arrival makes no difference.
    """
    return tuple(sorted({*readings, *more}, key=_order))


def plausible(earlier: Reading, later: Reading, max_power_w: int | None, slack_wh: int = _SLACK_WH) -> bool:
    """Say whether the pile can have delivered this difference in this time, with 25 % and ``slack_wh`` to spare."""
    rise = later.register_wh - earlier.register_wh
    if rise <= slack_wh:
        return True
    hours = max(later.at - earlier.at, _NO_TIME) / _HOUR
    return rise <= (max_power_w or DEFAULT_MAX_POWER_W) * hours * _SLACK + slack_wh


def monotone(readings: Sequence[Reading]) -> bool:
    """Say whether the register never falls."""
    return all(a.register_wh <= b.register_wh for a, b in pairwise(readings))


def billable(readings: tuple[Reading, ...], max_power_w: int | None = None) -> tuple[Reading, ...]:
    """Return readings whose register never falls: what the price engine works on.

    A rising register is taken as it is. Where it falls, readings that the next ones contradict are a glitch and left out
    (a dip, or one spike that the pile can't have delivered); any other fall is a meter that began anew: its difference
    counts as zero, and what follows is counted on top.
    """
    if monotone(readings):
        return readings
    return _rebased(_without_spikes(_without_dips(readings, max_power_w), max_power_w))


def _without_dips(readings: tuple[Reading, ...], max_power_w: int | None) -> list[Reading]:
    highest_from_here = list(accumulate((r.register_wh for r in reversed(readings)), max))[::-1]
    kept: list[Reading] = []
    index = 0
    while index < len(readings):
        reading = readings[index]
        if kept and reading.register_wh < kept[-1].register_wh <= highest_from_here[index]:
            back = _first_at_least(kept[-1].register_wh, readings, index)
            if _is_dip(readings[index:back], readings[back], max_power_w):
                index = back
                continue
        kept.append(reading)
        index += 1
    return kept


def _first_at_least(register_wh: int, readings: tuple[Reading, ...], index: int) -> int:
    while readings[index].register_wh < register_wh:
        index += 1
    return index


def _is_dip(low: tuple[Reading, ...], back: Reading, max_power_w: int | None) -> bool:
    """Say whether low readings, after which the register is back where it was, were a glitch.

    They were, if they did not count, or if the pile can't have delivered the way back up. Else it was a meter that began
    anew, counted, and has come so far again.
    """
    if all(reading.register_wh == low[0].register_wh for reading in low):
        return True
    return not plausible(low[-1], back, max_power_w, _SPIKE_SLACK_WH)


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
