"""Energy from register readings: never lost, never doubled, never negative."""

from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.domain.world import T0, minutes

from forecourt.domain import energy
from forecourt.domain.reading import Reading


def of(*registers: int) -> tuple[Reading, ...]:
    """One reading a minute."""
    return tuple(Reading(minutes(i), register) for i, register in enumerate(registers))


READINGS = st.lists(
    st.builds(Reading, st.integers(0, 60).map(minutes), st.integers(0, 3_000_000)), max_size=12
).map(lambda found: energy.merged((), found))
POWER = st.sampled_from([None, 60_000, 600_000])


@pytest.mark.parametrize(
    ("registers", "delivered", "why"),
    [
        ((), 0, "nothing was measured"),
        ((500,), 0, "one reading is no energy"),
        ((1000, 1500, 2500), 1500, "a rising register is taken as it is"),
        ((1000, 0, 1200), 200, "one dip is a glitch"),
        ((1000, 0, 0, 0, 1200), 200, "a meter that is silent for a while is a glitch"),
        (
            (5_000_000, 0, 400, 900, 5_001_000),
            1000,
            "two registers mixed: the way back up can't have been delivered",
        ),
        ((1000, 1400, 0, 300, 700), 1100, "a meter that began anew counts on top"),
        ((1000, 5000, 0, 2000, 4500, 6500), 10_500, "even when it has come as far again"),
        ((1000, 900_000, 1100, 1200), 200, "a spike that falls back is left out"),
        ((1000, 1400, 0), 400, "meterStop 0 takes nothing away"),
        ((1000, 1400, 1399), 400, "a register that falls by a little is not negative energy"),
        ((900_000, 1000, 1500), 500, "a spike at the start is not taken for delivered"),
        ((0, 5_000_000, 5_001_000), 5_001_000, "a jump is counted, and flagged elsewhere"),
    ],
)
def test_energy_of(registers: tuple[int, ...], delivered: int, why: str) -> None:
    assert energy.delivered_wh(of(*registers), 600_000) == delivered, why


def test_a_jump_beyond_the_pile_and_any_battery_is_implausible() -> None:
    assert not energy.all_plausible(of(0, 5_000_000, 5_001_000), 600_000)
    assert energy.all_plausible(of(0, 10_000, 20_000), 600_000)
    # A spike that was left out leaves nothing implausible behind.
    assert energy.all_plausible(of(1000, 900_000, 1100), 600_000)


def test_what_a_pile_can_deliver_follows_from_its_rating_and_the_time() -> None:
    first, hour = Reading(T0, 0), timedelta(hours=1)
    assert energy.plausible(first, Reading(T0 + hour, 850_000), 600_000)
    assert not energy.plausible(first, Reading(T0 + hour, 850_001), 600_000)
    # Without a rating: more than any pile of today.
    assert energy.plausible(first, Reading(T0 + hour, 1_975_000), None)
    assert not energy.plausible(first, Reading(T0 - hour, 100_001), None)


@given(st.lists(st.integers(0, 10**7)), POWER)
def test_the_register_that_is_billed_never_falls_and_energy_is_never_negative(
    registers: list[int], power: int | None
) -> None:
    readings = of(*registers)
    usable = energy.billable(readings, power)
    assert all(a.at <= b.at and a.register_wh <= b.register_wh for a, b in pairwise(usable))
    assert energy.delivered_wh(readings, power) >= 0
    assert {reading.at for reading in usable} <= {reading.at for reading in readings}


@given(READINGS, POWER)
def test_energy_is_at_most_the_sum_of_all_rises(readings: tuple[Reading, ...], power: int | None) -> None:
    rises = sum(max(0, b.register_wh - a.register_wh) for a, b in pairwise(readings))
    assert energy.delivered_wh(readings, power) <= rises


@given(st.lists(st.integers(0, 1000), min_size=2), st.data())
def test_a_dip_anywhere_takes_nothing_and_adds_nothing(steps: list[int], data: st.DataObject) -> None:
    registers = [5_000_000 + sum(steps[: i + 1]) for i in range(len(steps))]
    clean = of(*registers)
    place = data.draw(st.integers(0, len(steps) - 2))
    low = data.draw(st.lists(st.integers(0, 4_000_000), min_size=1, max_size=3))
    between = tuple(Reading(clean[place].at + timedelta(seconds=i + 1), wh) for i, wh in enumerate(low))
    dipped = energy.merged(clean, between)
    assert energy.delivered_wh(dipped, 600_000) == energy.delivered_wh(clean, 600_000)


@given(READINGS, st.data())
def test_merging_is_the_same_in_any_order_and_any_number_of_times(
    readings: tuple[Reading, ...], data: st.DataObject
) -> None:
    shuffled = data.draw(st.permutations([*readings, *readings[:3]]))
    cut = data.draw(st.integers(0, len(shuffled)))
    assert energy.merged(energy.merged((), shuffled[:cut]), shuffled[cut:]) == readings
    assert [reading.at for reading in readings] == sorted(reading.at for reading in readings)
