"""Example tariffs. Illustrative: the prices, hours and tax rates are invented, in the usual shape."""

from decimal import Decimal

from forecourt.domain.tariff import Element, Restrictions, Tariff, Tax

# What grid companies publish differs by province, season and voltage; a real tariff follows the station's own contract.
_HOURS = (
    ("尖", "1.45", "19:00", "21:00"),
    ("峰", "1.20", "09:00", "12:00"),
    ("峰", "1.20", "17:00", "22:00"),  # 19:00–21:00 belongs to 尖, which comes first
    ("谷", "0.35", "23:00", "07:00"),
    ("平", "0.75", None, None),
)


def _element(name: str, electricity: str, start: str | None, end: str | None) -> Element:
    return Element(
        name=name,
        restrictions=Restrictions(start_time=start, end_time=end),
        electricity_per_kwh=Decimal(electricity),
        service_per_kwh=Decimal("0.60"),
        idle_per_minute=Decimal("1.00"),
        idle_grace_s=900,
    )


CHINA_TIME_OF_USE = Tariff(
    id="CN-TOU-EXAMPLE",
    name="分时电价示例 Time of use (example)",
    currency="CNY",
    elements=tuple(_element(*hours) for hours in _HOURS),
    # Electricity as goods at 13 %, service and idle fees as services at 6 %, contained in the prices.
    taxes=(
        Tax(name="VAT 13 %", percent=Decimal(13), components=("ELECTRICITY",)),
        Tax(name="VAT 6 %", percent=Decimal(6), components=("SERVICE", "IDLE")),
    ),
)
