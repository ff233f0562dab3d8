"""Charging curves: exact energy, published times, the cable's limit."""

from importlib.resources import files
from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecourt.twin.cars import CarModel, car_at, parse_cars, power_w, seconds_to, step

CARS = parse_cars(files("forecourt.twin").joinpath("data/vehicles.csv").read_text("utf-8"))
ANY_CAR = st.sampled_from(CARS)
SOC = st.floats(0, 100)
NO_LIMIT_W, NO_LIMIT_A = 5e6, 1e5


def car(name: str) -> CarModel:
    return next(model for model in CARS if model.name.startswith(name))


def test_the_table_is_whole_and_every_row_names_its_source_and_quality() -> None:
    assert len(CARS) == 26
    assert all(model.source and model.quality in "ABC" for model in CARS)
    assert all(model.curve[0][0] == 0 and model.curve[-1][0] == 100 for model in CARS)


@pytest.mark.parametrize("model", [m for m in CARS if m.quality == "A"], ids=lambda m: m.name)
def test_a_car_with_a_published_curve_needs_about_the_published_minutes(model: CarModel) -> None:
    minutes = seconds_to(car_at(model, 10), 80, NO_LIMIT_W, NO_LIMIT_A) / 60
    assert minutes == pytest.approx(model.minutes_10_80, rel=0.1)


@pytest.mark.parametrize("model", CARS, ids=lambda m: m.name)
def test_every_curve_integrates_to_the_minutes_stated_for_it(model: CarModel) -> None:
    minutes = seconds_to(car_at(model, 10), 80, NO_LIMIT_W, NO_LIMIT_A) / 60
    assert minutes == pytest.approx(model.minutes_10_80_by_curve, abs=0.051)


def test_at_a_600_ampere_pile_an_800_volt_car_gets_its_pack_voltage_times_600() -> None:
    li_mega = car("Li Mega")
    assert power_w(li_mega, 20, NO_LIMIT_W, NO_LIMIT_A) == 521_000
    assert power_w(li_mega, 20, 600_000, 600) == pytest.approx(800 * 0.88 * 600)
    assert power_w(li_mega, 20, 100_000, 600) == 100_000


@given(ANY_CAR, SOC, st.floats(0, 700_000), st.floats(0, 800), st.lists(st.floats(0, 900), max_size=6))
def test_many_small_steps_give_what_one_long_step_gives(
    model: CarModel, soc: float, limit_w: float, max_a: float, parts: list[float]
) -> None:
    start = car_at(model, soc)
    state = start
    for seconds in parts:
        state = step(state, limit_w, max_a, seconds)
    once = step(start, limit_w, max_a, sum(parts))
    assert state.stored_wh == pytest.approx(once.stored_wh, abs=0.01)


@given(ANY_CAR, SOC, st.floats(1_000, 700_000), st.floats(5, 800), st.floats(0.1, 20_000))
def test_energy_is_the_integral_of_power(
    model: CarModel, soc: float, limit_w: float, max_a: float, seconds: float
) -> None:
    """Against a sum of 2,000 mid-point slices, which knows nothing of exponentials."""
    end = step(car_at(model, soc), limit_w, max_a, seconds)
    stored, slice_h = model.capacity_wh * soc / 100, seconds / 2000 / 3600
    for _ in range(2000):
        half = stored + power_w(model, 100 * stored / model.capacity_wh, limit_w, max_a) * slice_h / 2
        stored += power_w(model, 100 * half / model.capacity_wh, limit_w, max_a) * slice_h
        stored = min(stored, model.capacity_wh)
    assert end.stored_wh == pytest.approx(stored, rel=1e-3)


@given(ANY_CAR, st.floats(0, 99), st.floats(1_000, 700_000), st.floats(5, 800), st.floats(0, 40_000))
def test_a_car_never_takes_more_than_pile_cable_and_pack_allow(
    model: CarModel, soc: float, limit_w: float, max_a: float, seconds: float
) -> None:
    start = car_at(model, soc)
    taken = step(start, limit_w, max_a, seconds).stored_wh - start.stored_wh
    most = min(limit_w, max_a * model.voltage_class_v, model.peak_w * 1.05) * seconds / 3600
    assert -1e-9 <= taken <= most + 1e-6
    assert start.stored_wh + taken <= model.capacity_wh + 1e-6


@given(ANY_CAR, st.floats(0, 80), st.floats(80, 100), st.floats(1_000, 700_000))
def test_after_the_time_to_a_charge_the_car_has_that_charge(
    model: CarModel, start: float, target: float, limit_w: float
) -> None:
    seconds = seconds_to(car_at(model, start), target, limit_w, 600)
    assert step(car_at(model, start), limit_w, 600, seconds).soc_percent == pytest.approx(target, abs=1e-6)


def test_without_power_a_car_stays_as_it_is_and_never_gets_there() -> None:
    state = car_at(CARS[0], 30)
    assert step(state, 0, 600, 3600) == state
    assert seconds_to(state, 80, 0, 600) == inf
    assert seconds_to(state, 30, 0, 600) == 0
