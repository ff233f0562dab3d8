"""The pile's clock (field problem 16)."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.domain.world import BOOT_1970, T0

from forecourt.domain.pile_time import OLDEST, TOLERANCE, effective_time, estimate

HOUR = timedelta(hours=1)
STAMPS = st.one_of(
    st.none(),
    st.datetimes(timezones=st.just(UTC)),
    st.timedeltas(-10 * HOUR, 10 * HOUR).map(lambda lead: T0 + lead),
)
OFFSETS = st.floats(-2e9, 2e9)


@pytest.mark.parametrize(
    ("lead", "offset_s", "at", "right"),
    [
        (timedelta(), 0.0, T0, True),
        (TOLERANCE, 0.0, T0 + TOLERANCE, True),
        (-5 * HOUR, 0.0, T0 - 5 * HOUR, True),  # from a queue
        (-5 * HOUR, -1e9, T0 - 5 * HOUR, True),  # the clock had no date, and has been set since
        (-OLDEST, 0.0, T0 - OLDEST, True),
        (-OLDEST - HOUR, 0.0, T0, False),  # the date of its firmware
        (TOLERANCE + HOUR, 0.0, T0, False),
        (8 * HOUR, 8 * 3600.0, T0, False),
        (7 * HOUR, 8 * 3600.0, T0 - HOUR, False),  # queued for an hour by a clock that is ahead
        (9 * HOUR, 8 * 3600.0, T0, False),
    ],
)
def test_effective_time(lead: timedelta, offset_s: float, at: datetime, right: bool) -> None:
    assert effective_time(T0 + lead, T0, offset_s) == (at, right)


def test_a_clock_without_a_date_still_measures_durations() -> None:
    offset = estimate(0.0, BOOT_1970 + HOUR, T0)
    assert effective_time(BOOT_1970 + HOUR, T0, offset) == (T0, False)
    assert effective_time(BOOT_1970, T0, offset) == (T0 - HOUR, False)
    assert effective_time(BOOT_1970, T0, 0.0) == (T0, False)


def test_no_stamp_is_the_time_of_arrival() -> None:
    assert effective_time(None, T0, 3600.0) == (T0, False)
    assert estimate(3600.0, None, T0) == 3600.0


def test_the_best_estimate_is_the_largest_bound() -> None:
    """A message can be late, never early."""
    ahead = 8 * HOUR
    late, prompt = ahead - timedelta(minutes=5), ahead - timedelta(seconds=1)
    offset = 0.0
    for lead in (late, prompt, late):
        offset = estimate(offset, T0 + lead, T0)
    assert offset == prompt.total_seconds()


@pytest.mark.parametrize("offset_s", [8 * 3600.0, -1.7e9])
def test_a_clock_that_is_set_meanwhile_is_right_from_then_on(offset_s: float) -> None:
    assert estimate(offset_s, T0 - timedelta(seconds=1), T0) == 0.0


def test_an_old_message_from_a_right_clock_says_nothing_of_the_clock() -> None:
    assert estimate(0.0, T0 - 5 * HOUR, T0) == 0.0
    assert estimate(8 * 3600.0, T0 - 5 * HOUR, T0) == 8 * 3600.0


@given(STAMPS, OFFSETS)
def test_a_fast_clock_never_makes_a_session_endless(stamp: datetime | None, offset_s: float) -> None:
    at, right = effective_time(stamp, T0, offset_s)
    assert T0 - OLDEST <= at <= T0 + TOLERANCE
    assert not right or at == stamp


@given(st.lists(STAMPS))
def test_a_message_right_to_the_minute_clears_every_doubt(stamps: list[datetime | None]) -> None:
    offset = 0.0
    for stamp in stamps:
        offset = estimate(offset, stamp, T0)
    assert estimate(offset, T0, T0) == 0.0
