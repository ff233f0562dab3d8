"""Numbers, money and times in both languages."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from forecourt.console.formats import Formats, iso, utc_offset, zone_label
from forecourt.console.languages import languages

EN = Formats(languages()["en"].locale)
ZH = Formats(languages()["zh"].locale)
AT = datetime(2026, 11, 24, 18, 5, 7, 250_000, tzinfo=UTC)
SHANGHAI = "Asia/Shanghai"


@pytest.mark.parametrize(
    ("watts", "text"),
    [
        (None, "–"),
        (0, "0\u00a0kW"),
        (40, "0.0\u00a0kW"),
        (7_400, "7.4\u00a0kW"),
        (99_949, "99.9\u00a0kW"),
        (99_950, "100\u00a0kW"),
        (600_000, "600\u00a0kW"),
        (999_499, "999\u00a0kW"),
        (999_500, "1.00\u00a0MW"),
        (124_100_000, "124.10\u00a0MW"),
        (-50_000, "-50.0\u00a0kW"),
    ],
)
def test_power(watts: int | None, text: str) -> None:
    assert EN.power(watts) == text


@pytest.mark.parametrize(
    ("wh", "text"),
    [
        (None, "–"),
        (0, "0\u00a0kWh"),
        (80_040, "80.0\u00a0kWh"),
        (999_449, "999.4\u00a0kWh"),
        (1_234_567, "1.23\u00a0MWh"),
    ],
)
def test_energy(wh: int | None, text: str) -> None:
    assert EN.energy(wh) == text


def test_registers_and_prices_keep_every_digit() -> None:
    assert EN.wh(20_401_929) == "20,401,929\u00a0Wh"
    assert EN.wh(Decimal("20420378.734430")) == "20,420,378.73443\u00a0Wh"
    assert EN.money_exact(Decimal("35.24665"), "CNY") == "CN¥35.24665"
    assert EN.money_exact(Decimal("0.6"), "CNY") == "CN¥0.60"
    assert EN.money_exact(Decimal("12"), "JPY") == "¥12"
    assert EN.exact(Decimal("0.333333333333")) == "0.333333333333"


def test_money_is_in_the_minor_unit_and_the_language() -> None:
    assert EN.money(Decimal("1234.5"), "CNY") == "CN¥1,234.50"
    assert ZH.money(Decimal("1234.5"), "CNY") == "¥1,234.50"
    assert EN.money(None, "CNY") == "–"
    assert EN.money(Decimal(1), "") == "–"


def test_times_are_in_the_zone_that_is_asked_for_and_of_24_hours() -> None:
    assert EN.time(AT, SHANGHAI) == "02:05"
    assert EN.seconds(AT, "UTC") == "18:05:07"
    assert EN.moment(AT, SHANGHAI) == "Nov 25 02:05"
    assert ZH.moment(AT, SHANGHAI) == "11月25日 02:05"
    assert EN.full(AT, "Asia/Kolkata") == "Nov 24, 2026 23:35:07 UTC+5:30"
    assert ZH.full(AT, SHANGHAI) == "2026年11月25日 02:05:07 UTC+8"
    assert EN.full(None, "UTC") == EN.day(None) == EN.time(None, "UTC") == "–"
    assert iso(AT) == "2026-11-24T18:05:07Z"


def test_a_zone_is_named_with_its_offset() -> None:
    assert zone_label(SHANGHAI, AT) == "Asia/Shanghai, UTC+8"
    assert zone_label("UTC", AT) == "UTC"
    assert zone_label("America/St_Johns", AT) == "America/St_Johns, UTC-3:30"
    assert utc_offset(AT) == "UTC"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0:00\u00a0min"),
        (59.6, "1:00\u00a0min"),
        (3599, "59:59\u00a0min"),
        (3600, "1:00\u00a0h"),
        (90_061, "25:01\u00a0h"),
        (-5, "0:00\u00a0min"),
    ],
)
def test_durations(seconds: float, text: str) -> None:
    assert EN.duration(timedelta(seconds=seconds)) == text


def test_ages() -> None:
    assert EN.ago(timedelta(seconds=5)) == "5 sec. ago"
    assert ZH.ago(timedelta(minutes=3)) == "3分钟前"
    assert EN.ago(timedelta(seconds=-5)) == "1 sec. ago"


def test_quantities_have_their_unit() -> None:
    assert EN.quantity(61_169, "Wh") == "61,169\u00a0Wh"
    assert EN.quantity(90, "s") == "90\u00a0s"
    assert EN.quantity(1, "1") == "1\u00a0×"
    assert EN.percent(None) == "–"
    assert EN.percent(12.34, 1) == "12.3\u00a0%"
    assert EN.unit(800.4, "V") == "800\u00a0V"
