"""Time of day, weekday and date in the station's zone, over midnight and over a change of the clocks."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from forecourt.domain.price import Usage, price
from forecourt.domain.reading import Reading
from forecourt.domain.tariff import Element, Restrictions, Tariff

BERLIN = "Europe/Berlin"


def rule(name: str, **given: object) -> Element:
    return Element(name=name, electricity_per_kwh=Decimal(1), restrictions=Restrictions(**given))  # type: ignore[arg-type]


def split(
    start: str, hours: float, *elements: Element, zone: str = "Asia/Shanghai"
) -> list[tuple[str, float]]:
    """The periods and their hours of a charge of 1 kW from a local time on."""
    begin = datetime.fromisoformat(start).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
    end = begin + timedelta(hours=hours)
    tariff = Tariff(id="T", name="t", currency="EUR", elements=elements)
    used = Usage(begin, end, (Reading(begin, 0), Reading(end, round(hours * 1000))), (), zone)
    return [(step.period, step.quantity / 1000) for step in price(tariff, used).steps]


DAY, NIGHT = (
    rule("day", start_time="07:00", end_time="23:00"),
    rule("night", start_time="23:00", end_time="07:00"),
)


def test_over_midnight() -> None:
    assert split("2026-01-05T22:00", 10, DAY, NIGHT) == [("day", 1), ("night", 8), ("day", 1)]


def test_an_end_at_midnight_is_written_in_three_ways() -> None:
    for end in ("00:00", "24:00", None):
        evening = rule("evening", start_time="20:00", end_time=end)
        assert split("2026-01-05T19:00", 6, evening) == [("", 1), ("evening", 4), ("", 1)]


def test_an_end_alone_starts_at_midnight() -> None:
    assert split("2026-01-05T22:00", 4, rule("early", end_time="01:00")) == [("", 2), ("early", 1), ("", 1)]


def test_a_boundary_belongs_to_what_begins() -> None:
    assert split("2026-01-05T07:00", 1, NIGHT, DAY) == [("day", 1)]
    assert split("2026-01-05T23:00", 1, DAY, NIGHT) == [("night", 1)]


def test_the_zone_is_the_stations() -> None:
    # 23:00 in Shanghai is 20:30 in Kolkata
    assert split("2026-01-05T20:30", 5, DAY, NIGHT, zone="Asia/Kolkata") == [("day", 2.5), ("night", 2.5)]


def test_weekdays_change_at_local_midnight() -> None:
    # 2026-01-09 is a Friday; a night rule for Fridays ends at midnight, because Saturday is no Friday
    friday_night = rule("friday night", start_time="22:00", end_time="06:00", days=("FRIDAY",))
    found = split("2026-01-09T21:00", 12, friday_night, rule("else"))
    assert found == [("else", 1), ("friday night", 2), ("else", 9)]
    weekend = rule("weekend", days=("SATURDAY", "SUNDAY"))
    assert split("2026-01-09T20:00", 53, weekend, rule("week")) == [("week", 4), ("weekend", 48), ("week", 1)]


def test_dates_include_the_first_and_exclude_the_last() -> None:
    feast = rule("feast", start_date=date(2026, 2, 17), end_date=date(2026, 2, 18))
    assert split("2026-02-16T23:00", 26, feast, rule("else")) == [("else", 1), ("feast", 24), ("else", 1)]


def test_spring_forward_an_hour_does_not_exist() -> None:
    # 2026-03-29 02:00 → 03:00 in Berlin: 01:00 to 04:00 on the wall are two hours
    night = rule("night", start_time="01:00", end_time="04:00")
    assert split("2026-03-29T00:00", 4, night, rule("else"), zone=BERLIN) == [
        ("else", 1),
        ("night", 2),
        ("else", 1),
    ]


def test_a_period_that_starts_in_the_missing_hour_starts_when_the_clock_jumps() -> None:
    gap = rule("gap", start_time="02:30", end_time="04:00")
    assert split("2026-03-29T01:00", 3, gap, rule("else"), zone=BERLIN) == [
        ("else", 1),
        ("gap", 1),
        ("else", 1),
    ]
    inside = rule("inside", start_time="02:10", end_time="02:50")
    assert split("2026-03-29T01:00", 3, inside, rule("else"), zone=BERLIN) == [("else", 3)]


def test_fall_back_an_hour_comes_twice() -> None:
    # 2026-10-25 03:00 → 02:00 in Berlin: 02:00 to 03:00 on the wall are two hours, 02:30 to 02:45 two quarters
    twice = rule("twice", start_time="02:00", end_time="03:00")
    assert split("2026-10-25T01:00", 4, twice, rule("else"), zone=BERLIN) == [
        ("else", 1),
        ("twice", 2),
        ("else", 1),
    ]
    quarter = rule("quarter", start_time="02:30", end_time="02:45")
    assert split("2026-10-25T02:00", 2, quarter, rule("else"), zone=BERLIN) == [
        ("else", 0.5),
        ("quarter", 0.25),
        ("else", 0.75),
        ("quarter", 0.25),
        ("else", 0.25),
    ]


def test_clocks_that_change_at_midnight() -> None:
    # 2026-04-24 in Cairo begins at 01:00: Friday has 23 hours
    friday = rule("friday", days=("FRIDAY",))
    found = split("2026-04-23T20:00", 30, friday, rule("else"), zone="Africa/Cairo")
    assert found == [("else", 4), ("friday", 23), ("else", 3)]


@pytest.mark.parametrize("zone", ["Asia/Shanghai", BERLIN, "Australia/Lord_Howe", "Asia/Kathmandu"])
def test_a_year_has_all_its_hours(zone: str) -> None:
    found = split("2026-01-01T00:00", 365 * 24, DAY, NIGHT, zone=zone)
    hours = {name: sum(wh for period, wh in found if period == name) for name in ("day", "night")}
    # DST moves an hour into the night and another one out of it
    assert hours == {"day": 365 * 16, "night": 365 * 8}
