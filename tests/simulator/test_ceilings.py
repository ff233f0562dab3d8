"""Charging profiles as ceilings: which one is in force, and which limit."""

from datetime import UTC, datetime, timedelta
from math import inf

import msgspec
import pytest

from forecourt.simulator.ceilings import Ceiling, Profile, ceiling, replace

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
PROFILE = Profile(
    id=1,
    evse_id=1,
    purpose="TxProfile",
    stack_level=0,
    unit="W",
    start=NOON,
    duration_s=None,
    valid_from=None,
    valid_to=None,
    periods=((0, 100_000), (600, 50_000)),
)


def but(**changes: object) -> Profile:
    return msgspec.structs.replace(PROFILE, **changes)


@pytest.mark.parametrize(("seconds", "limit_w"), [(0, 100_000), (599, 100_000), (600, 50_000), (-1, inf)])
def test_the_period_in_force(seconds: int, limit_w: float) -> None:
    assert ceiling([PROFILE], 1, NOON + timedelta(seconds=seconds)).power_w == limit_w


@pytest.mark.parametrize(
    "over",
    [
        but(duration_s=60),
        but(valid_to=NOON + timedelta(seconds=60)),
        but(valid_from=NOON + timedelta(hours=1)),
        but(evse_id=2),
        but(periods=((300, 1_000),)),
    ],
)
def test_a_profile_that_is_not_in_force_limits_nothing(over: Profile) -> None:
    assert ceiling([over], 1, NOON + timedelta(seconds=120)) == Ceiling(inf, inf)


def test_the_higher_stack_level_counts_within_a_purpose_and_the_lowest_limit_among_purposes() -> None:
    higher = but(id=2, stack_level=3, periods=((0, 300_000),))
    default = but(id=3, purpose="TxDefaultProfile", periods=((0, 200_000),))
    assert ceiling([higher, PROFILE], 1, NOON).power_w == 300_000
    assert ceiling([higher, PROFILE, default], 1, NOON).power_w == 200_000


def test_amperes_limit_the_current() -> None:
    assert ceiling([but(unit="A", periods=((0, 250),))], 1, NOON) == Ceiling(inf, 250)


def test_a_new_profile_replaces_the_one_with_its_id_or_its_place() -> None:
    other = but(id=5, stack_level=7)
    same_id = but(id=1, stack_level=2)
    same_place = but(id=9)
    assert replace([PROFILE, other], same_id) == (other, same_id)
    assert replace([PROFILE, other], same_place) == (other, same_place)
    assert replace([PROFILE], but(id=9, evse_id=2)) == (PROFILE, but(id=9, evse_id=2))
