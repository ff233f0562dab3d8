"""Meter values in our units: Wh, W, A, V, percent."""

from datetime import datetime

import msgspec

REGISTER = "Energy.Active.Import.Register"
POWER = "Power.Active.Import"
SOC = "SoC"
VOLTAGE = "Voltage"
CURRENT = "Current.Import"
OFFERED = "Power.Offered"


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
    """Return the last value of a measurand, the total before a single phase; None where there is none."""
    for meter_value in reversed(values):
        found = [sample for sample in meter_value.samples if sample.measurand == measurand]
        if found:
            return next((sample.value for sample in found if not sample.phase), found[-1].value)
    return None
