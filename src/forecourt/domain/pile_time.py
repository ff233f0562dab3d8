"""The pile's clock: what it says, what it is worth, and what we take instead (field problem 16)."""

from datetime import datetime, timedelta

TOLERANCE = timedelta(minutes=2)
_NO_CLOCK_BEFORE_YEAR = 2020


def effective_time(pile_at: datetime | None, received_at: datetime, offset_s: float) -> tuple[datetime, bool]:
    """Return the instant that a pile's time stamp stands for, and whether it could be taken as it is.

    ``offset_s`` is the estimate of pile clock minus ours (``estimate``). A stamp in the past is believed (it may come from an
    offline queue); one before 2020 has no clock behind it; one in the future, or from a clock known to run ahead, is moved.
    The result is never later than ``received_at`` plus the tolerance, so a fast clock can't make a session endless.
    """
    if pile_at is None:
        return received_at, False
    offset = timedelta(seconds=offset_s)
    if pile_at.year >= _NO_CLOCK_BEFORE_YEAR and offset <= TOLERANCE:
        if pile_at <= received_at + TOLERANCE:
            return pile_at, True
        return received_at, False
    usable = offset_s < 0 if pile_at.year < _NO_CLOCK_BEFORE_YEAR else True
    return min(pile_at - offset, received_at) if usable else received_at, False


def estimate(offset_s: float, pile_at: datetime | None, received_at: datetime) -> float:
    """Return the better estimate of the pile's clock offset, in seconds, after a message that arrived now.

    A message can be late, never early: each stamp bounds the offset from below, so the largest bound is the best. Only a
    clock that is ahead by more than the tolerance, or that has no date at all, counts; 0.0 means "as good as right".
    """
    if pile_at is None:
        return offset_s
    bound = (pile_at - received_at).total_seconds()
    if pile_at.year < _NO_CLOCK_BEFORE_YEAR:
        return bound if offset_s >= 0 else max(offset_s, bound)
    if bound > TOLERANCE.total_seconds():
        return max(offset_s, bound) if offset_s > 0 else bound
    # A stamp that is right to the minute shows that the clock has been set meanwhile.
    return 0.0 if offset_s < 0 or abs(bound) <= TOLERANCE.total_seconds() else offset_s
