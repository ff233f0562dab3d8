from datetime import UTC, datetime, timedelta
from decimal import Decimal

from forecourt.domain.price import Usage, price
from forecourt.domain.price_text import explain
from forecourt.domain.reading import Reading
from forecourt.domain.tariff import Element, Restrictions, Tariff, Tax

START = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
TARIFF = Tariff(
    id="T",
    name="t",
    currency="EUR",
    elements=(
        Element(
            name="night",
            electricity_per_kwh=Decimal("0.50"),
            idle_per_minute=Decimal("1E+1"),
            idle_grace_s=60,
            restrictions=Restrictions(end_time="03:00"),
        ),
        Element(per_session=Decimal(1)),
    ),
    min_price=Decimal(50),
    taxes=(Tax(name="VAT", percent=Decimal(19)),),
)


def test_every_amount_is_explained() -> None:
    # In Berlin the clock goes from 03:00 back to 02:00 half an hour after the start: night until 02:00 UTC.
    readings = (Reading(START, 1000), Reading(START + timedelta(hours=2), 5000))
    idle = ((START, START + timedelta(minutes=2)),)
    used = Usage(START, START + timedelta(hours=2), readings, idle, "Europe/Berlin")
    both = "readings 1000 Wh at 2026-10-25 02:30:00+02:00 and 5000 Wh at 2026-10-25 03:30:00+01:00"
    assert explain(price(TARIFF, used)) == [
        "ELECTRICITY night 2026-10-25 02:30:00+02:00 to 2026-10-25 03:00:00+01:00: 3000 Wh × 0.50 EUR/kWh = 1.5 EUR"
        f" (elements[0], meter 1000 to 4000 Wh, {both})",
        "ELECTRICITY 2026-10-25 03:00:00+01:00 to 2026-10-25 03:30:00+01:00: 1000 Wh × 0 EUR/kWh = 0 EUR"
        f" (free: no element applies, meter 4000 to 5000 Wh, {both})",
        "IDLE night 2026-10-25 02:30:00+02:00 to 2026-10-25 02:31:00+02:00: 60 s × 0 EUR/min = 0 EUR"
        " (elements[0], grace period)",
        "IDLE night 2026-10-25 02:31:00+02:00 to 2026-10-25 02:32:00+02:00: 60 s × 10 EUR/min = 10 EUR (elements[0])",
        "SESSION at 2026-10-25 02:30:00+02:00: 1 × 1 EUR = 1 EUR (elements[1])",
        "MIN_PRICE: 37.50 EUR, up to the minimum price",
        "Sum ELECTRICITY: 1.50 EUR, rounded half up",
        "Sum IDLE: 10.00 EUR, rounded half up",
        "Sum SESSION: 1.00 EUR, rounded half up",
        "Sum MIN_PRICE: 37.50 EUR, rounded half up",
        "Tax VAT: 19 % of 42.02 = 7.98 EUR, contained in the prices",
        "Total: 42.02 + 7.98 tax = 50.00 EUR",
    ]
