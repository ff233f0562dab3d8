"""A price as the page tells it."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from forecourt.console.price_view import bands, components
from forecourt.domain.price import price
from forecourt.domain.reading import Reading
from forecourt.domain.tariff import Element, Restrictions, Tariff, Usage
from forecourt.domain.tariff_presets import CHINA_TIME_OF_USE

# 21:30 to 23:30 in Shanghai: 峰 until 22:00, 平 until 23:00, then 谷.
START = datetime(2026, 1, 15, 13, 30, tzinfo=UTC)
END = START + timedelta(hours=2)
READINGS = (Reading(START, 1_000), Reading(END, 121_001))
USAGE = Usage(START, END, READINGS, (), "Asia/Shanghai")


def test_each_component_has_its_steps_their_exact_sum_and_one_rounding() -> None:
    found = price(CHINA_TIME_OF_USE, USAGE)
    views = components(found)
    assert [view.line.component for view in views] == ["ELECTRICITY", "SERVICE", "IDLE"]
    electricity = views[0]
    assert [step.period for step in electricity.steps] == ["峰", "平", "谷"]
    assert sum(step.quantity for step in electricity.steps) == 120_001
    assert electricity.exact == sum(step.amount for step in electricity.steps)
    assert electricity.rounded == (electricity.exact != electricity.line.amount)
    assert views[2].steps == []
    assert views[2].exact == 0


def test_bands_fill_the_session_and_are_coloured_by_price() -> None:
    found = bands(price(CHINA_TIME_OF_USE, USAGE), CHINA_TIME_OF_USE, START, END)
    assert [(band.name, band.tone, band.x, band.width) for band in found] == [
        ("峰", "high", 0, 250),
        ("平", "flat", 250, 500),
        ("谷", "low", 750, 250),
    ]


def test_the_dearest_of_the_tariff_is_the_peak_whether_it_was_met_or_not() -> None:
    start, end = START - timedelta(hours=2), START - timedelta(hours=1)
    usage = Usage(start, end, (Reading(start, 0), Reading(end, 9)), (), "Asia/Shanghai")
    found = bands(price(CHINA_TIME_OF_USE, usage), CHINA_TIME_OF_USE, start, end)
    assert [band.tone for band in found] == ["peak"]


def test_one_price_has_one_colour() -> None:
    flat = Tariff(id="t", name="t", currency="CNY", elements=(Element(electricity_per_kwh=Decimal(1)),))
    assert [band.tone for band in bands(price(flat, USAGE), flat, START, END)] == ["flat"]


def test_without_energy_or_time_there_is_nothing_to_draw() -> None:
    empty = price(CHINA_TIME_OF_USE, Usage(START, END, (), (), "Asia/Shanghai"))
    assert bands(empty, CHINA_TIME_OF_USE, START, END) == []
    assert bands(price(CHINA_TIME_OF_USE, USAGE), CHINA_TIME_OF_USE, START, START) == []


def test_time_that_no_element_prices_is_free_and_shown() -> None:
    night = Element(restrictions=Restrictions(start_time="23:00"), electricity_per_kwh=Decimal(1))
    tariff = Tariff(id="t", name="t", currency="CNY", elements=(night,))
    found = bands(price(tariff, USAGE), tariff, START, END)
    assert [(band.name, band.step.element, band.tone) for band in found] == [
        ("", None, "low"),
        ("", 0, "peak"),
    ]
