from datetime import date
from decimal import Decimal

import pytest

from forecourt.domain.tariff import Element, Restrictions, Tariff
from forecourt.domain.tariff_check import TariffError
from forecourt.domain.tariff_presets import CHINA_TIME_OF_USE
from forecourt.domain.tariff_warnings import warnings


def rule(**given: object) -> Element:
    return Element(electricity_per_kwh=Decimal(1), restrictions=Restrictions(**given))  # type: ignore[arg-type]


def warned(*elements: Element) -> tuple[str, ...]:
    return warnings(Tariff(id="T", name="t", currency="CNY", elements=elements))


GAP = "no element prices it there"


@pytest.mark.parametrize(
    ("elements", "expected"),
    [
        ((rule(),), ()),
        ((rule(start_time="08:00", end_time="20:00"), rule(start_time="20:00", end_time="08:00")), ()),
        (
            (rule(start_time="08:00", end_time="20:00"),),
            (
                f"ELECTRICITY is free from 00:00 to 08:00: {GAP}",
                f"ELECTRICITY is free from 20:00 to 24:00: {GAP}",
            ),
        ),
        (
            (rule(days=("MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY")),),
            (f"ELECTRICITY is free from 00:00 to 24:00 on SATURDAY, SUNDAY: {GAP}",),
        ),
        (
            (rule(start_date=date(2026, 2, 17), end_date=date(2026, 2, 24)),),
            (f"ELECTRICITY is free from 00:00 to 24:00 on some dates: {GAP}",),
        ),
        (
            (rule(max_wh=10_000),),
            (f"ELECTRICITY is free from 00:00 to 24:00 at some energies, durations or powers: {GAP}",),
        ),
        ((rule(min_power_w=1000), rule(max_power_w=1000)), ()),
        (
            (rule(), rule(end_time="12:00")),
            ("elements[1] never gives electricity_per_kwh: earlier elements always come first",),
        ),
        ((rule(), Element(per_session=Decimal(1), restrictions=Restrictions(end_time="12:00"))), ()),
        ((Element(per_session=Decimal(1)),), (f"ELECTRICITY is free from 00:00 to 24:00: {GAP}",)),
    ],
)
def test_warnings(elements: tuple[Element, ...], expected: tuple[str, ...]) -> None:
    assert warned(*elements) == expected


def test_the_example_has_none() -> None:
    assert warnings(CHINA_TIME_OF_USE) == ()


def test_an_invalid_tariff_is_an_error() -> None:
    with pytest.raises(TariffError):
        warned()
