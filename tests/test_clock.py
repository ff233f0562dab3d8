"""Business time that runs faster than the sun, and real seconds that don't."""

import time
from datetime import UTC, datetime, timedelta

import pytest

from forecourt.clock import ScaledClock, SystemClock, start_clock

EPOCH = datetime(2026, 3, 1, 4, 5, tzinfo=UTC)


def test_business_time_is_the_epoch_plus_scaled_real_time() -> None:
    an_hour_ago = time.monotonic() - 3600
    now = ScaledClock(EPOCH, an_hour_ago, 24.0).now()
    assert now - EPOCH == pytest.approx(timedelta(days=1), abs=timedelta(minutes=10))


def test_two_clocks_of_the_same_three_values_agree() -> None:
    first, second = (ScaledClock(EPOCH, 10.0, 50.0) for _ in range(2))
    before, between, after = first.now(), second.now(), first.now()
    assert before <= between <= after


def test_monotonic_is_real_whatever_the_speed() -> None:
    before = time.monotonic()
    readings = [clock.monotonic() for clock in (SystemClock(), start_clock(1000))]
    assert all(before <= reading <= time.monotonic() for reading in readings)


def test_business_time_is_utc_and_starts_now() -> None:
    assert SystemClock().now().tzinfo is UTC
    assert SystemClock().speed == 1
    before = datetime.now(UTC)
    assert before <= start_clock(1.0).now() <= datetime.now(UTC) + timedelta(seconds=1)


async def test_sleep_takes_business_seconds() -> None:
    clock = start_clock(10_000)
    before = clock.now()
    await clock.sleep(500)
    assert clock.now() - before >= timedelta(seconds=500)
