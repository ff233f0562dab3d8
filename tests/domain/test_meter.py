"""Which of several samples of a measurand is meant."""

import pytest
from tests.domain.world import T0, minutes

from forecourt.domain.meter import POWER, REGISTER, SOC, VOLTAGE, MeterValue, Sample, latest, total, value_of


def sample(value: float, phase: str = "", location: str = "", measurand: str = REGISTER) -> Sample:
    return Sample(measurand, value, "Wh", phase, location)


@pytest.mark.parametrize(
    ("samples", "meant"),
    [
        ([], None),
        ([sample(7)], 7),
        ([sample(7, "L1")], 7),
        ([sample(1, "L1"), sample(2, "L2"), sample(3, "L3")], 6),
        ([sample(1, "L1-N"), sample(2, "L2-N"), sample(3, "L3-N")], 6),
        ([sample(1, "L1"), sample(6), sample(2, "L2")], 6),
        ([sample(9, location="Inlet"), sample(7, location="Outlet")], 7),
        ([sample(7), sample(9, location="Inlet")], 7),
        ([sample(9, location="Inlet")], 9),
        ([sample(1, "L1-L2"), sample(2, "L2-L3")], 2),
        ([sample(5, "L1"), sample(5, "L1")], 5),
    ],
)
def test_the_register_of_one_instant(samples: list[Sample], meant: float | None) -> None:
    assert total(samples, REGISTER) == meant


def test_voltages_of_phases_do_not_add_up() -> None:
    phases = [sample(230, f"L{n}", measurand=VOLTAGE) for n in (1, 2, 3)]
    assert total(phases, VOLTAGE) == 230


def test_the_last_value_of_each_measurand_counts() -> None:
    values = (
        MeterValue(T0, (sample(100), sample(11_000, measurand=POWER), sample(40, measurand=SOC))),
        MeterValue(minutes(1), (sample(50, "L1"), sample(60, "L2"), sample(12_000, measurand=POWER))),
    )
    assert latest(values) == {REGISTER: 110, POWER: 12_000, SOC: 40}
    assert value_of(values, REGISTER) == 110
    assert value_of(values, SOC) == 40
    assert value_of(values, VOLTAGE) is None
