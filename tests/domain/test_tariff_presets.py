from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from forecourt.domain.price import Usage, periods, price, quote
from forecourt.domain.reading import Reading
from forecourt.domain.tariff_presets import CHINA_TIME_OF_USE

ZONE = "Asia/Shanghai"
MIDNIGHT = datetime(2026, 1, 5, tzinfo=ZoneInfo(ZONE))


def test_a_whole_day_at_1_kw() -> None:
    # 尖 2 h × 1.45, 峰 3 + 3 h × 1.20, 谷 8 h × 0.35, 平 8 h × 0.75 = 2.9 + 7.2 + 2.8 + 6 = 18.90; service 24 × 0.60
    found = quote(CHINA_TIME_OF_USE, MIDNIGHT, ZONE, 24_000, 1000)
    hours: dict[str, int] = {}
    for period in periods(found):
        if period.component == "ELECTRICITY":
            hours[period.name] = hours.get(period.name, 0) + period.quantity
    assert hours == {"尖": 2000, "峰": 6000, "谷": 8000, "平": 8000}
    assert [str(line.amount) for line in found.lines] == ["18.90", "14.40", "0.00"]


def test_vat_by_fee_and_idle_after_a_quarter_of_an_hour() -> None:
    # 10:00, 113 kWh in 峰: 135.60 electricity = 120.00 + 15.60 (13 %), 67.80 service and 5.00 for 5 of 20 idle minutes:
    # 72.80 / 1.06 = 68.679… + 4.1207… → 4.12
    start = MIDNIGHT + timedelta(hours=10)
    end = start + timedelta(minutes=50)
    readings = (Reading(start, 0), Reading(start + timedelta(minutes=30), 113_000))
    idle = ((start + timedelta(minutes=30), end),)
    found = price(CHINA_TIME_OF_USE, Usage(start, end, readings, idle, ZONE))
    assert [str(line.amount) for line in found.lines] == ["135.60", "67.80", "5.00"]
    assert [str(tax.amount) for tax in found.taxes] == ["15.60", "4.12"]
    assert (str(found.total_excl_tax), str(found.total_incl_tax)) == ("188.68", "208.40")
