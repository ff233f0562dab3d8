"""Meter values into our units, sample by sample (quirk M08: one message may mix Wh and kWh)."""

from collections.abc import Mapping
from types import MappingProxyType

from forecourt.domain.meter import MOST, REGISTER, MeterValue, Sample
from forecourt.ocpp import v16, v201

# The units with a thousand in their name, and what we keep.
_KILO: Mapping[str, str] = MappingProxyType(
    {"kWh": "Wh", "kW": "W", "kvar": "var", "kvarh": "varh", "kVA": "VA", "kVAh": "VAh"}
)
# Counted in whole numbers: what is finer is noise, and floats would gather errors.
_WHOLE = frozenset({"Wh", "W"})
# A power of ten beyond which no multiplier makes a reading of a number; Decimal itself ends somewhere.
_FARTHEST = 50


def values_16(values: tuple[v16.MeterValue, ...] | tuple[v16.TransactionData, ...]) -> tuple[MeterValue, ...]:
    """Translate OCPP 1.6 meter values.

    What is no number (SignedData, "", "NaN"), or one that no meter shows, gives no sample (quirk M06): the others count.
    """
    read = []
    for value in values:
        samples = [sample for raw in value.sampled_value if (sample := _sample_16(raw)) is not None]
        read.append(MeterValue(value.timestamp, tuple(samples)))
    return tuple(read)


def named_register(value: int) -> int | None:
    """Return the register that a message names itself (1.6 meterStart, meterStop); None for one that no meter shows."""
    return value if -MOST <= value <= MOST else None


def _sample_16(raw: v16.SampledValue | v16.TransactionDataSampledValue) -> Sample | None:
    try:
        value = float(raw.value)
    except ValueError:
        return None
    # OCPP 1.6 §3.16.3: the defaults are "a register reading of active import energy in Wh".
    measurand = raw.measurand or REGISTER
    unit: str = raw.unit or ("Wh" if measurand.startswith("Energy") else "")
    kept = _KILO.get(unit)
    if kept is not None:
        value, unit = value * 1000, kept
    if not -MOST <= value <= MOST:  # nor NaN
        return None
    if unit in _WHOLE:
        value = round(value)
    return Sample(measurand, value, unit, raw.phase or "", raw.location or "", raw.context or "")


def values_201(values: tuple[v201.MeterValue, ...] | None) -> tuple[MeterValue, ...]:
    """Translate OCPP 2.0.1 meter values."""
    if not values:
        return ()
    return tuple([MeterValue(v.timestamp, _samples_201(v)) for v in values])


def _samples_201(value: v201.MeterValue) -> tuple[Sample, ...]:
    return tuple([sample for raw in value.sampled_value if (sample := _sample_201(raw)) is not None])


def _sample_201(raw: v201.SampledValue) -> Sample | None:
    measurand, measure, value = raw.measurand or REGISTER, raw.unit_of_measure, raw.value
    # 2.0.1 Part 2 §2.49: the unit of an energy is Wh where none is given, the multiplier a power of ten.
    unit = (measure.unit if measure is not None else None) or ("Wh" if measurand.startswith("Energy") else "")
    if value.adjusted() > _FARTHEST:
        return None
    if measure is not None and measure.multiplier:
        value = value.scaleb(max(-30, min(30, measure.multiplier)))
    kept = _KILO.get(unit)
    if kept is not None:
        value, unit = value * 1000, kept
    if not -MOST <= value <= MOST:
        return None
    number = round(value) if unit in _WHOLE else float(value)
    return Sample(measurand, number, unit, raw.phase or "", raw.location or "", raw.context or "")
