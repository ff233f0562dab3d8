"""Prices computed by hand; the arithmetic stands in the comment of each case."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest

from forecourt.domain.price import Price, Usage, periods, price, quote
from forecourt.domain.reading import Reading
from forecourt.domain.tariff import Element, Restrictions, Tariff, Tax

# Monday, 10:00 in Shanghai.
START = datetime(2026, 1, 5, 2, 0, tzinfo=UTC)
ZONE = "Asia/Shanghai"
Minutes = tuple[float, float]


def at(minutes: float) -> datetime:
    return START + timedelta(minutes=minutes)


def usage(end: float, *readings: tuple[float, int], idle: tuple[Minutes, ...] = ()) -> Usage:
    """All in minutes after START."""
    return Usage(
        START,
        at(end),
        tuple(Reading(at(minute), wh) for minute, wh in readings),
        tuple((at(a), at(b)) for a, b in idle),
        ZONE,
    )


def tariff(*elements: Element, currency: str = "CNY", **rest: object) -> Tariff:
    return Tariff(id="T", name="test", currency=currency, elements=elements, **rest)  # type: ignore[arg-type]


def energy(price_: str, service: str | None = None, name: str = "", **rule: object) -> Element:
    return Element(
        name=name,
        electricity_per_kwh=Decimal(price_),
        service_per_kwh=None if service is None else Decimal(service),
        restrictions=Restrictions(**rule),  # type: ignore[arg-type]
    )


def amounts(found: Price) -> dict[str, str]:
    return {line.component: str(line.amount) for line in found.lines}


def test_energy_at_one_price() -> None:
    # 20,000 Wh × 0.25 / 1000 = 5.00; 10 % on top = 0.50; 5.50 in all
    found = price(
        tariff(
            energy("0.25"), currency="EUR", taxes=(Tax(name="VAT", percent=Decimal(10)),), tax_included=False
        ),
        usage(60, (0, 1000), (60, 21000)),
    )
    assert amounts(found) == {"ELECTRICITY": "5.00"}
    assert [str(x) for x in (found.total_excl_tax, found.tax, found.total_incl_tax)] == [
        "5.00",
        "0.50",
        "5.50",
    ]
    assert (found.energy_wh, found.charging_seconds, found.idle_seconds) == (20000, 3600, 0)


def test_electricity_and_service_fee_over_two_periods() -> None:
    # 10:00–11:00, 峰 until 10:20: the line from 0 to 100 Wh passes 33 1/3 Wh there.
    # 33.33 and 66.67 Wh → 33 and 67 (the larger remainder is .67).
    # electricity 33 × 1.2 + 67 × 0.6 = 39.6 + 40.2 = 79.8 / 1000 = 0.0798 → 0.08
    # service 100 × 0.8 / 1000 = 0.08
    found = price(
        tariff(energy("1.2", "0.8", "峰", end_time="10:20"), energy("0.6", "0.8", "平")),
        usage(60, (0, 0), (60, 100)),
    )
    assert amounts(found) == {"ELECTRICITY": "0.08", "SERVICE": "0.08"}
    assert [(p.component, p.name, p.quantity, str(p.amount)) for p in periods(found)] == [
        ("ELECTRICITY", "峰", 33, "0.0396"),
        ("ELECTRICITY", "平", 67, "0.0402"),
        ("SERVICE", "峰", 33, "0.0264"),
        ("SERVICE", "平", 67, "0.0536"),
    ]
    first = found.steps[0]
    assert (str(first.register_from), str(first.register_to)) == ("0", "33.333333")
    assert first.readings == (Reading(START, 0), Reading(at(60), 100))
    assert (first.start, first.end) == (START, at(20))


def test_equal_remainders_go_to_the_earlier_period() -> None:
    # 1 Wh over two equal halves: 0.5 and 0.5 → 1 and 0; 2 × 1 / 1000 = 0.002
    found = price(tariff(energy("2", end_time="10:30"), energy("1")), usage(60, (0, 7), (60, 8)))
    assert [(step.quantity, str(step.amount)) for step in found.steps] == [(1, "0.002"), (0, "0")]


def test_energy_steps_are_cut_at_their_exact_register() -> None:
    # 10 kWh at 2.00, the rest at 1.00: 25.5 kWh = 10 × 2 + 15.5 × 1 = 35.50
    found = price(tariff(energy("2", max_wh=10_000), energy("1")), usage(30, (0, 500), (30, 26_000)))
    assert amounts(found) == {"ELECTRICITY": "35.50"}
    assert [step.quantity for step in found.steps] == [10_000, 15_500]
    # reached after 30 min × 10/25.5 = 705 15/17 s
    assert found.steps[0].end == START + timedelta(seconds=705, microseconds=882352)


def test_charging_time_is_not_idle_time_and_the_grace_counts_once() -> None:
    # 90 min, idle 40–45 and 60–90 (35 min in all); grace 10 min: 5 min of the first and 5 min of the second interval.
    # TIME 55 min × 0.10 = 5.50; IDLE 25 min × 0.50 = 12.50
    element = Element(time_per_minute=Decimal("0.10"), idle_per_minute=Decimal("0.50"), idle_grace_s=600)
    found = price(tariff(element), usage(90, (0, 0), (40, 1000), idle=((40, 45), (60, 90))))
    assert amounts(found) == {"ELECTRICITY": "0.00", "TIME": "5.50", "IDLE": "12.50"}
    assert (found.charging_seconds, found.idle_seconds) == (3300, 2100)
    idle = [(s.start, s.end, s.quantity, s.grace) for s in found.steps if s.component == "IDLE"]
    assert idle == [
        (at(40), at(45), 300, True),
        (at(60), at(65), 300, True),
        (at(65), at(90), 1500, False),
    ]


def test_seconds_are_whole_and_thirds_are_summed_before_rounding() -> None:
    # 3 stretches of 20 s at 0.10/min: 3 × 0.0333… = 0.10 exactly, not 0.09
    edges = ("10:00", "10:01", "10:02", "10:03")
    elements = [
        Element(time_per_minute=Decimal("0.10"), restrictions=Restrictions(start_time=a, end_time=b))
        for a, b in pairwise(edges)
    ]
    idle = ((1 / 3, 1), (4 / 3, 2), (7 / 3, 3))
    found = price(tariff(*elements), usage(3, idle=idle))
    assert [(s.quantity, str(s.amount)) for s in found.steps] == [(20, "0.033333333333")] * 3
    assert amounts(found)["TIME"] == "0.10"


def test_session_fee_once_at_its_first_instant() -> None:
    # the fee of 3.00 holds from 10:30 on; 5.00 from 11:00 on is never asked
    late = Element(per_session=Decimal(3), restrictions=Restrictions(start_time="10:30", end_time="11:00"))
    later = Element(per_session=Decimal(5))
    found = price(tariff(late, energy("0"), currency="EUR"), usage(120, (0, 0), (120, 9)))
    assert [(s.component, s.start, s.end, s.quantity) for s in found.steps if s.element == 0] == [
        ("SESSION", at(30), at(30), 1)
    ]
    assert amounts(found) == {"ELECTRICITY": "0.00", "SESSION": "3.00"}
    assert amounts(price(tariff(late, later), usage(120)))["SESSION"] == "5.00"  # 10:00 comes first


def test_session_fee_only_where_energy_flowed() -> None:
    fee = tariff(Element(per_session=Decimal(2), restrictions=Restrictions(min_wh=1)), energy("0"))
    assert amounts(price(fee, usage(60, (0, 5), (60, 5))))["SESSION"] == "0.00"
    assert amounts(price(fee, usage(60, (0, 5), (60, 25))))["SESSION"] == "2.00"


def test_a_session_without_length() -> None:
    fee = tariff(Element(per_session=Decimal(2), restrictions=Restrictions(end_time="10:01")), energy("1"))
    assert price(fee, usage(0)).total_incl_tax == Decimal(2)
    assert price(fee, usage(0, (-60, 0), (0, 1000))).total_incl_tax == Decimal(3)
    assert price(fee, usage(0, (0, 0), (60, 1000))).charging_seconds == 0
    evening = tariff(Element(per_session=Decimal(2), restrictions=Restrictions(start_time="18:00")))
    assert price(evening, usage(0)).total_incl_tax == Decimal(0)


def test_power_classes_by_the_average_between_two_readings() -> None:
    # 10 min 1 kWh = 6 kW → 0.20; 50 min 40 kWh = 48 kW → 0.50; 8 min 0.5 kWh = 3.75 kW → 0.20
    # 1.5 × 0.20 + 40 × 0.50 = 20.30
    slow = energy("0.20", max_power_w=16_000)
    found = price(
        tariff(slow, energy("0.35", max_power_w=32_000), energy("0.50"), currency="EUR"),
        usage(68, (0, 0), (10, 1000), (60, 41_000), (68, 41_500)),
    )
    assert amounts(found) == {"ELECTRICITY": "20.30"}
    assert [step.element for step in found.steps] == [0, 2, 0]


@pytest.mark.parametrize(("wh", "element"), [(999, 1), (1000, 0), (1001, 0)])
def test_a_power_limit_is_included_below_and_excluded_above(wh: int, element: int) -> None:
    both = tariff(energy("3", min_power_w=1000), energy("1", max_power_w=1000))
    assert price(both, usage(60, (0, 0), (60, wh))).steps[0].element == element


def test_duration_steps_count_from_the_start_of_the_session() -> None:
    # 30 min free, then 0.50/min for 10 min = 5.00; the idle half of the free time does not stop the clock
    found = price(
        tariff(Element(time_per_minute=Decimal("0.50"), restrictions=Restrictions(min_duration_s=1800))),
        usage(40, idle=((10, 25),)),
    )
    assert amounts(found)["TIME"] == "5.00"
    assert [(s.element, s.quantity) for s in found.steps] == [(None, 600), (None, 300), (0, 600)]


@pytest.mark.parametrize(
    ("wh", "adjustment", "total"),
    [
        (1000, {"MIN_PRICE": "4.00"}, "5.00"),  # 1.00 is below 5.00
        (5000, {}, "5.00"),
        (20_000, {}, "20.00"),
        (90_000, {"MAX_PRICE": "-70.00"}, "20.00"),  # 90.00 is above 20.00
        (0, {"MIN_PRICE": "5.00"}, "5.00"),
    ],
)
def test_minimum_and_maximum(wh: int, adjustment: dict[str, str], total: str) -> None:
    found = price(
        tariff(energy("1"), min_price=Decimal(5), max_price=Decimal(20)), usage(60, (0, 0), (60, wh))
    )
    lines = amounts(found)
    lines.pop("ELECTRICITY")
    assert lines == adjustment
    assert str(found.total_incl_tax) == total


VAT_13_6 = (
    Tax(name="13", percent=Decimal(13), components=("ELECTRICITY",)),
    Tax(name="6", percent=Decimal(6), components=("SERVICE", "SESSION")),
)


def test_taxes_in_the_price_by_component() -> None:
    # 113.00 and 10.60 gross: net 100 and 10, tax 13.00 and 0.60
    found = price(tariff(energy("1.13", "0.106"), taxes=VAT_13_6), usage(60, (0, 0), (60, 100_000)))
    assert [(str(t.base), str(t.amount)) for t in found.taxes] == [("100.00", "13.00"), ("10.00", "0.60")]
    assert [str(x) for x in (found.total_excl_tax, found.tax, found.total_incl_tax)] == [
        "110.00",
        "13.60",
        "123.60",
    ]


def test_taxes_on_top_by_component() -> None:
    # 113.00 × 13 % = 14.69; 10.60 × 6 % = 0.636 → 0.64
    found = price(
        tariff(energy("1.13", "0.106"), taxes=VAT_13_6, tax_included=False), usage(60, (0, 0), (60, 100_000))
    )
    assert [str(t.amount) for t in found.taxes] == ["14.69", "0.64"]
    assert [str(x) for x in (found.total_excl_tax, found.tax, found.total_incl_tax)] == [
        "123.60",
        "15.33",
        "138.93",
    ]


def test_a_limit_is_taxed_in_proportion() -> None:
    # 123.60 cut to 61.80: half of each; a minimum for nothing at all is taxed as a session fee: 5.30 / 1.06 = 5.00
    taxed = tariff(
        energy("1.13", "0.106"), taxes=VAT_13_6, min_price=Decimal("5.30"), max_price=Decimal("61.80")
    )
    found = price(taxed, usage(60, (0, 0), (60, 100_000)))
    assert [(str(t.base), str(t.amount)) for t in found.taxes] == [("50.00", "6.50"), ("5.00", "0.30")]
    found = price(taxed, usage(60))
    assert [(str(t.base), str(t.amount)) for t in found.taxes] == [("0.00", "0.00"), ("5.00", "0.30")]


@pytest.mark.parametrize(
    ("currency", "amount"),
    [("JPY", "1"), ("CNY", "0.57"), ("KWD", "0.565")],  # 565 Wh × 1.00 = 0.565
)
def test_half_up_to_the_minor_unit_of_the_currency(currency: str, amount: str) -> None:
    found = price(tariff(energy("1"), currency=currency), usage(60, (0, 0), (60, 565)))
    assert amounts(found) == {"ELECTRICITY": amount}


def test_each_component_has_its_own_first_element() -> None:
    # the service fee comes from the last element, also while the first one prices electricity
    found = price(tariff(energy("2", end_time="10:30"), energy("1", "0.5")), usage(60, (0, 0), (60, 10_000)))
    assert amounts(found) == {"ELECTRICITY": "15.00", "SERVICE": "5.00"}
    service = [(step.element, step.quantity) for step in found.steps if step.component == "SERVICE"]
    assert service == [(1, 5000), (1, 5000)]


def test_what_no_element_prices_is_free_and_shown() -> None:
    found = price(tariff(energy("1", start_time="10:30")), usage(60, (0, 0), (60, 10_000)))
    assert [(s.element, s.quantity, str(s.amount)) for s in found.steps] == [
        (None, 5000, "0"),
        (0, 5000, "5"),
    ]


def test_quote_is_the_price_of_a_constant_charge() -> None:
    # 30 kWh at 60 kW: 30 min from 10:00; 15 kWh at 2 and 15 kWh at 1 = 45.00
    both = tariff(energy("2", end_time="10:15", min_power_w=60_000), energy("1"))
    assert str(quote(both, START, ZONE, 30_000, 60_000).total_incl_tax) == "45.00"
    assert quote(both, START, ZONE, 30_000, 60_000) == price(both, usage(30, (0, 0), (30, 30_000)))
    assert quote(both, START, ZONE, 0, 60_000).total_incl_tax == 0
    with pytest.raises(ValueError, match="0 W"):
        quote(both, START, ZONE, 1, 0)
    with pytest.raises(ValueError, match="-1 Wh"):
        quote(both, START, ZONE, -1, 60_000)
