"""Arrivals: reproducible, as many as asked, in the hours they are said to come."""

from collections import Counter
from importlib.resources import files
from random import Random

import pytest

from forecourt.twin.arrivals import ARRIVALS_BY_HOUR, draw_visit, seconds_to_next
from forecourt.twin.cars import parse_cars

CARS = parse_cars(files("forecourt.twin").joinpath("data/vehicles.csv").read_text("utf-8"))


def arrivals(seed: int, per_day: float, days: int) -> list[float]:
    """Hours since midnight of the first day."""
    rng, hour, found = Random(seed), 0.0, []
    while (hour := hour + seconds_to_next(rng, hour % 24, per_day) / 3600) < 24 * days:
        found.append(hour)
    return found


def test_the_same_seed_brings_the_same_cars() -> None:
    assert arrivals(7, 20, 3) == arrivals(7, 20, 3)
    assert arrivals(7, 20, 3) != arrivals(8, 20, 3)
    assert draw_visit(Random(7), CARS) == draw_visit(Random(7), CARS)


@pytest.mark.parametrize("per_day", [2, 24, 200])
def test_the_average_day_has_the_visits_asked_for(per_day: int) -> None:
    days = 40_000 // per_day
    assert len(arrivals(1, per_day, days)) == pytest.approx(per_day * days, rel=0.02)


def test_the_hours_of_the_day_share_the_arrivals_as_stated() -> None:
    found = Counter(int(hour % 24) for hour in arrivals(1, 100, 600))
    for hour, weight in enumerate(ARRIVALS_BY_HOUR):
        expected = 60_000 * weight / sum(ARRIVALS_BY_HOUR)
        assert found[hour] == pytest.approx(expected, abs=5 * expected**0.5)


def test_a_visit_wants_more_than_it_has_and_the_car_is_one_of_those_given() -> None:
    rng = Random(3)
    visits = [draw_visit(rng, CARS) for _ in range(2000)]
    assert all(4 <= v.start_soc_percent < v.target_soc_percent <= 100 for v in visits)
    assert all(20 <= v.linger_s <= 3600 for v in visits)
    assert {v.model.name for v in visits} == {model.name for model in CARS}
    assert {v.target_soc_percent for v in visits} == {80.0, 90.0, 100.0}
