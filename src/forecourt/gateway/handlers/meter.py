"""Meter values into our units, sample by sample (quirk M08: one message may mix Wh and kWh)."""

from collections.abc import Mapping
from decimal import Decimal
from math import isfinite
from types import MappingProxyType

from forecourt.domain.meter import REGISTER, MeterValue, Sample
from forecourt.ocpp import v16, v201

# The units with a thousand in their name, and what we keep.
_KILO: Mapping[str, str] = MappingProxyType(
    {"kWh": "Wh", "kW": "W", "kvar": "var", "kvarh": "varh", "kVA": "VA", "kVAh": "VAh"}
)
# Counted in whole numbers: what is finer is noise, and floats would gather errors.
_WHOLE = frozenset({"Wh", "W"})


def values_16(values: tuple[v16.MeterValue, ...] | tuple[v16.TransactionData, ...]) -> tuple[MeterValue, ...]:
    """Translate OCPP 1.6 meter values. What is no number (SignedData, "", "NaN") gives no sample (quirk M06)."""
    return tuple(
        MeterValue(value.timestamp, tuple(s for raw in value.sampled_value if (s := _sample_16(raw))))
        for value in values
    )


def _sample_16(raw: v16.SampledValue | v16.TransactionDataSampledValue) -> Sample | None:
    try:
        number = float(raw.value)
    except ValueError:
        return None
    # OCPP 1.6 §7.43: without a measurand it is the register; "Default = "Wh" if the (default) measurand is an "Energy" type".
    measurand = raw.measurand or REGISTER
    unit = raw.unit or ("Wh" if measurand.startswith("Energy") else "")
    return _sample(measurand, number, unit, raw.phase or "", raw.location or "", raw.context or "")


def values_201(values: tuple[v201.MeterValue, ...] | None) -> tuple[MeterValue, ...]:
    """Translate OCPP 2.0.1 meter values."""
    if not values:
        return ()
    return tuple(
        MeterValue(value.timestamp, tuple(s for raw in value.sampled_value if (s := _sample_201(raw))))
        for value in values
    )


def _sample_201(raw: v201.SampledValue) -> Sample | None:
    measurand = raw.measurand or REGISTER
    measure = raw.unit_of_measure
    # 2.0.1 Part 2 §2.46: "Default = "Wh" if the (default) measurand is an "Energy" type"; the multiplier is a power of ten.
    unit = (measure.unit if measure else None) or ("Wh" if measurand.startswith("Energy") else "")
    value = raw.value
    if measure is not None and measure.multiplier:
        value = value.scaleb(max(-30, min(30, measure.multiplier)))
    return _sample(measurand, value, unit, raw.phase or "", raw.location or "", raw.context or "")


def _sample(
    measurand: str, value: float | Decimal, unit: str, phase: str, location: str, context: str
) -> Sample | None:
    known = _KILO.get(unit)
    if known is not None:
        value, unit = value * 1000, known
    number = float(value)
    if not isfinite(number):
        return None
    return Sample(measurand, round(value) if unit in _WHOLE else number, unit, phase, location, context)
