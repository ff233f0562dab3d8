"""Meter values in our units: Wh, W, A, V, percent."""

from collections.abc import Iterable
from datetime import datetime

import msgspec

REGISTER = "Energy.Active.Import.Register"
POWER = "Power.Active.Import"
SOC = "SoC"
VOLTAGE = "Voltage"
CURRENT = "Current.Import"
OFFERED = "Power.Offered"

# No meter has ever shown more, in whichever unit; a larger number is no reading, and could not be stored.
MOST = 10**15

# What adds up over the phases; a pile of three phases need not report the total.
_ADDS_UP = frozenset({REGISTER, POWER})
_PHASES = (frozenset({"L1", "L2", "L3"}), frozenset({"L1-N", "L2-N", "L3-N"}))
# SampledValue in OCPP 1.6 (§7.43) and 2.0.1: "Default = "Outlet""; the inlet also counts what the pile itself needs.
_OUTLET = frozenset({"", "Outlet"})


class Sample(msgspec.Struct, frozen=True, array_like=True):
    """One sampled value. Energy is whole Wh, power whole W, others as reported; the unit follows from the measurand."""

    measurand: str
    value: float
    unit: str = ""
    phase: str = ""
    location: str = ""
    context: str = ""


class MeterValue(msgspec.Struct, frozen=True, array_like=True):
    """Samples taken at one instant of the pile's clock (``at`` is None where the pile gave none that can be read)."""

    at: datetime | None
    samples: tuple[Sample, ...]


def value_of(values: tuple[MeterValue, ...], measurand: str) -> float | None:
    """Return the last value of a measurand, of all phases together; None where there is none."""
    for meter_value in reversed(values):
        found = total(meter_value.samples, measurand)
        if found is not None:
            return found
    return None


def latest(values: tuple[MeterValue, ...]) -> dict[str, float]:
    """Return the last value of each measurand."""
    found: dict[str, float] = {}
    for meter_value in values:
        here = {sample.measurand: sample.value for sample in meter_value.samples}
        if len(here) < len(meter_value.samples):
            totals = ((measurand, total(meter_value.samples, measurand)) for measurand in here)
            here = {measurand: value for measurand, value in totals if value is not None}
        found |= here
    return found


def total(samples: Iterable[Sample], measurand: str) -> float | None:
    """Return a measurand of one instant: at the outlet, the total; where only phases are given, their sum if they add up."""
    found = [sample for sample in samples if sample.measurand == measurand]
    if len(found) > 1:
        found = [sample for sample in found if sample.location in _OUTLET] or found
        found = [sample for sample in found if not sample.phase] or found
    if not found:
        return None
    if found[-1].phase and measurand in _ADDS_UP:
        return _sum_of_phases(found)
    return found[-1].value


def _sum_of_phases(samples: list[Sample]) -> float:
    for phases in _PHASES:
        by_phase = {sample.phase: sample.value for sample in samples if sample.phase in phases}
        if by_phase:
            return sum(by_phase.values())
    return samples[-1].value
