"""What a usage may look like, and what is said about one that contradicts itself."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from forecourt.domain.price import Price, Usage, price
from forecourt.domain.reading import Reading
from forecourt.domain.tariff import Element, Restrictions, Tariff

START = datetime(2026, 1, 5, 2, 0, tzinfo=UTC)
END = START + timedelta(hours=1)
MINUTE = timedelta(minutes=1)
FREE = Element(electricity_per_kwh=Decimal(0))
PLAIN = Tariff(
    id="T",
    name="t",
    currency="EUR",
    elements=(Element(electricity_per_kwh=Decimal(1), time_per_minute=Decimal(1)),),
)


def readings(*given: tuple[int, int]) -> tuple[Reading, ...]:
    return tuple(Reading(START + minute * MINUTE, wh) for minute, wh in given)


def priced(
    *given: tuple[int, int],
    end: datetime = END,
    idle: tuple[tuple[datetime, datetime], ...] = (),
    zone: str = "Asia/Shanghai",
) -> Price:
    return price(PLAIN, Usage(START, end, readings(*given), idle, zone))


@pytest.mark.parametrize("given", [(), ((10, 700),), ((-10, 700),), ((90, 700),)])
def test_less_than_two_readings_are_no_energy(given: tuple[tuple[int, int], ...]) -> None:
    found = priced(*given)
    assert (found.energy_wh, found.charging_seconds, found.total_incl_tax) == (0, 3600, Decimal(60))
    assert [step.component for step in found.steps] == ["TIME"]


def test_readings_outside_the_session_count_but_time_does_not() -> None:
    found = priced((-10, 0), (30, 400), (70, 1000))
    assert (found.energy_wh, found.charging_seconds) == (1000, 3600)
    assert (found.steps[0].start, found.steps[0].end) == (START - 10 * MINUTE, END + 10 * MINUTE)


def test_readings_outside_the_session_are_priced_at_their_own_instant() -> None:
    # 10:00 local is the start; the energy before it is the cheap one
    early = Element(
        name="early", electricity_per_kwh=Decimal("0.1"), restrictions=Restrictions(end_time="10:00")
    )
    tariff = Tariff(
        id="T", name="t", currency="EUR", elements=(early, Element(electricity_per_kwh=Decimal(1)))
    )
    found = price(tariff, Usage(START, END, readings((-10, 0), (10, 200)), (), "Asia/Shanghai"))
    assert [(step.period, step.quantity) for step in found.steps] == [("early", 100), ("", 100)]


def test_energy_between_two_readings_of_the_same_instant() -> None:
    found = priced((0, 0), (30, 100), (30, 900), (60, 1000))
    assert [step.quantity for step in found.steps if step.component == "ELECTRICITY"] == [1000]
    assert priced((60, 0), (60, 500)).energy_wh == 500


def test_a_jump_has_no_power_and_may_pass_an_energy_step() -> None:
    elements = (
        Element(electricity_per_kwh=Decimal(9), restrictions=Restrictions(min_power_w=1)),
        Element(electricity_per_kwh=Decimal(2), restrictions=Restrictions(max_wh=300)),
        Element(electricity_per_kwh=Decimal(1)),
    )
    tariff = Tariff(id="T", name="t", currency="EUR", elements=elements)
    found = price(tariff, Usage(START, END, readings((30, 0), (30, 900)), (), "Asia/Shanghai"))
    assert [(step.element, step.quantity) for step in found.steps] == [(1, 300), (2, 600)]


def test_idle_intervals_are_cut_sorted_and_merged() -> None:
    around = [(50, 70), (-5, 5), (52, 55), (3, 10), (20, 20), (80, 90), (-9, -7)]
    found = priced(idle=tuple((START + a * MINUTE, START + b * MINUTE) for a, b in around))
    assert (found.charging_seconds, found.idle_seconds) == (40 * 60, 20 * 60)


def test_fractions_of_seconds_are_rounded_once() -> None:
    # 0.4 s charging, 0.4 s idle, 0.4 s charging: 0.8 → 1 s and 0.4 → 0 s
    end = START + timedelta(seconds=1.2)
    idle = ((START + timedelta(seconds=0.4), START + timedelta(seconds=0.8)),)
    found = priced(end=end, idle=idle)
    assert (found.charging_seconds, found.idle_seconds) == (1, 0)
    assert [step.quantity for step in found.steps] == [1, 0]


@pytest.mark.parametrize(
    ("given", "text"),
    [
        (((0, 100), (10, 200), (20, 199)), r"readings\[2\] of 199 Wh is below readings\[1\] of 200 Wh"),
        (
            ((0, 100), (20, 200), (10, 300)),
            r"readings\[2\] at 2026-01-05 02:10:00\+00:00 is before readings\[1\]",
        ),
        (((0, 100), (60 * 24 * 367, 300)), "usage of 367 days, more than 366: correct the clock"),
    ],
)
def test_readings_that_contradict_themselves(given: tuple[tuple[int, int], ...], text: str) -> None:
    with pytest.raises(ValueError, match=text):
        priced(*given)


def test_times_that_contradict_themselves() -> None:
    with pytest.raises(ValueError, match=r"end 2026-01-05 01:59:00\+00:00 is before start"):
        priced(end=START - MINUTE)
    with pytest.raises(ValueError, match=r"idle interval from 2026-01-05 03:00:00.* ends before it starts"):
        priced(idle=((END, START),))
    with pytest.raises(ValueError, match="2026-01-05 02:00:00 has no UTC offset"):
        price(PLAIN, Usage(START.replace(tzinfo=None), END, (), (), "Asia/Shanghai"))


@pytest.mark.parametrize("zone", ["Mars/Olympus", "", "../../etc/passwd", "Asia"])
def test_an_unknown_zone(zone: str) -> None:
    with pytest.raises(ValueError, match="unknown time zone"):
        priced(zone=zone)
