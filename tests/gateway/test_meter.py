"""Meter values into our units."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from forecourt.domain.meter import Sample
from forecourt.gateway.handlers.meter import named_register, values_16, values_201
from forecourt.ocpp import v16, v201

AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
REGISTER, POWER = "Energy.Active.Import.Register", "Power.Active.Import"


def sample_16(value: str, **fields: Any) -> tuple[Sample, ...]:
    [read] = values_16(
        (v16.MeterValue(timestamp=AT, sampled_value=(v16.SampledValue(value=value, **fields),)),)
    )
    assert read.at == AT
    return read.samples


def sample_201(
    value: str, unit: str | None = None, multiplier: int | None = None, **fields: Any
) -> tuple[Sample, ...]:
    measure = v201.UnitOfMeasure(unit=unit, multiplier=multiplier) if unit or multiplier else None
    raw = v201.SampledValue(value=Decimal(value), unit_of_measure=measure, **fields)
    [read] = values_201((v201.MeterValue(timestamp=AT, sampled_value=(raw,)),))
    return read.samples


@pytest.mark.parametrize(
    ("value", "fields", "sample"),
    [
        ("1234", {}, Sample(REGISTER, 1234, "Wh")),  # §3.16.3: the defaults
        (" 1234 ", {}, Sample(REGISTER, 1234, "Wh")),  # quirk M06
        ("1.5004", {"measurand": REGISTER, "unit": "kWh"}, Sample(REGISTER, 1500, "Wh")),
        ("3.4", {"measurand": POWER, "unit": "kW"}, Sample(POWER, 3400, "W")),  # quirk M08
        ("113500", {"measurand": REGISTER, "unit": "Wh"}, Sample(REGISTER, 113500, "Wh")),
        ("49.97", {"measurand": "Frequency"}, Sample("Frequency", 49.97)),
        (
            "49.97",
            {"measurand": "Frequency", "unit": "Hz"},
            Sample("Frequency", 49.97, "Hz"),
        ),  # quirk M04: kept
        (
            "16",
            {
                "measurand": "Current.Import",
                "unit": "A",
                "phase": "L2",
                "location": "EV",
                "context": "Trigger",
            },
            Sample("Current.Import", 16.0, "A", "L2", "EV", "Trigger"),
        ),
        ("-5", {"measurand": POWER, "unit": "W"}, Sample(POWER, -5, "W")),
        (
            "2",
            {"measurand": "Energy.Reactive.Import.Register", "unit": "kvarh"},
            Sample("Energy.Reactive.Import.Register", 2000.0, "varh"),
        ),
    ],
)
def test_values_of_1_6(value: str, fields: dict[str, Any], sample: Sample) -> None:
    assert sample_16(value, **fields) == (sample,)


@pytest.mark.parametrize("value", ["", "NaN", "inf", "-Infinity", "AB12CD", "1e999", "1e16", "-1e30"])
def test_what_is_no_reading_gives_no_sample(value: str) -> None:
    assert sample_16(value, measurand=POWER, unit="W") == ()


@pytest.mark.parametrize(
    ("value", "unit", "multiplier", "fields", "sample"),
    [
        ("1234", None, None, {}, Sample(REGISTER, 1234, "Wh")),
        ("1.2345", "kWh", None, {}, Sample(REGISTER, 1234, "Wh")),
        ("12", None, 3, {}, Sample(REGISTER, 12000, "Wh")),
        ("12345", "kWh", -2, {}, Sample(REGISTER, 123450, "Wh")),
        ("31.3", "A", None, {"measurand": "Current.Import"}, Sample("Current.Import", 31.3, "A")),
        (
            "80",
            "Percent",
            None,
            {"measurand": "SoC", "context": "Sample.Periodic"},
            Sample("SoC", 80.0, "Percent", context="Sample.Periodic"),
        ),
    ],
)
def test_values_of_2_0_1(
    value: str, unit: str | None, multiplier: int | None, fields: dict[str, Any], sample: Sample
) -> None:
    assert sample_201(value, unit, multiplier, **fields) == (sample,)


@pytest.mark.parametrize(
    ("value", "unit", "multiplier"),
    [("1", "W", 2**31 - 1), ("1e999999", "kW", 9), ("-1e16", "W", None), ("1e999999", "W", -(2**31))],
)
def test_what_is_no_reading_of_2_0_1(value: str, unit: str, multiplier: int | None) -> None:
    assert sample_201(value, unit, multiplier, measurand=POWER) == ()


def test_a_register_that_no_meter_shows() -> None:
    assert [named_register(value) for value in (-5, 10**15, 2**63, -(2**70))] == [-5, 10**15, None, None]


def test_none_at_all() -> None:
    assert values_201(None) == ()
