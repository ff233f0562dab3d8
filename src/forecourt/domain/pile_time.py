"""The pile's clock: what it says, what it is worth, and what we take instead (field problem 16)."""

from datetime import datetime, timedelta

TOLERANCE = timedelta(minutes=2)
# No pile keeps messages for so long. What is older has no clock behind it: it counts from 1970, or from its build date.
OLDEST = timedelta(days=180)
_NO_TIME = timedelta()
_TOLERANCE_S = TOLERANCE.total_seconds()


def effective_time(pile_at: datetime | None, received_at: datetime, offset_s: float) -> tuple[datetime, bool]:
    """Return the instant that a pile's time stamp stands for, and whether it could be taken as it is.

    ``offset_s`` is the estimate of pile clock minus ours (``estimate``). A stamp in the past is believed (it may come from an
    offline queue); one older than any queue has no clock behind it; one in the future, or from a clock known to run ahead,
    is moved. The result is never later than ``received_at`` plus the tolerance, so a fast clock can't make a session endless,
    and never older than any queue.
    """
    if pile_at is None:
        return received_at, False
    lead = pile_at - received_at
    if lead < -OLDEST:
        usable = offset_s < 0
    elif offset_s <= _TOLERANCE_S:
        return (pile_at, True) if lead <= TOLERANCE else (received_at, False)
    else:
        usable = True
    at = pile_at - timedelta(seconds=offset_s) if usable else received_at
    return at if -OLDEST <= at - received_at <= _NO_TIME else received_at, False


def estimate(offset_s: float, pile_at: datetime | None, received_at: datetime) -> float:
    """Return the better estimate of the pile's clock offset, in seconds, after a message that arrived now.

    A message can be late, never early: each stamp bounds the offset from below, so the largest bound is the best. Only a
    clock that is ahead by more than the tolerance, or that has no date at all, counts; 0.0 means "as good as right".
    """
    if pile_at is None:
        return offset_s
    lead = pile_at - received_at
    if -TOLERANCE <= lead <= TOLERANCE:
        # A stamp that is right to the minute shows that the clock is right, or has been set meanwhile.
        return 0.0
    bound = lead.total_seconds()
    if lead < -OLDEST:
        return bound if offset_s >= 0 else max(offset_s, bound)
    if lead > TOLERANCE:
        return max(offset_s, bound) if offset_s > 0 else bound
    return max(offset_s, 0.0)
