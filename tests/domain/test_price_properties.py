"""What holds for every tariff and every usage."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, localcontext
from fractions import Fraction
from itertools import pairwise
from typing import NamedTuple, cast
from zoneinfo import ZoneInfo

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from forecourt.domain.money import half_up
from forecourt.domain.price import Price, Usage, price, total
from forecourt.domain.price_steps import apportion
from forecourt.domain.price_types import exact
from forecourt.domain.reading import Reading
from forecourt.domain.tariff import (
    DAYS,
    PRICE_FIELDS,
    Component,
    Element,
    Restrictions,
    Tariff,
    Tax,
    minute_of_day,
)

# Two days before the clocks go forward in Berlin, so that sessions of three days pass the change.
BEGIN = datetime(2026, 3, 27, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
ZONES = st.sampled_from(["Asia/Shanghai", "Europe/Berlin", "America/St_Johns"])
PRICES = st.decimals(0, 10, places=4)
TIMES = st.integers(0, 95).map(lambda quarter: f"{quarter // 4:02}:{quarter % 4 * 15:02}")


def _maybe_range(low: int, high: int) -> st.SearchStrategy[tuple[int | None, int | None]]:
    edge = st.none() | st.integers(low, high)
    return st.tuples(edge, edge).filter(lambda pair: None in pair or cast(int, pair[0]) < cast(int, pair[1]))


@st.composite
def restrictions(draw: st.DrawFn, *, calendar_only: bool = False) -> Restrictions:
    start, end = draw(st.tuples(TIMES, TIMES).filter(lambda pair: pair[0] != pair[1]))
    timed, ranged = draw(st.booleans()), not calendar_only and draw(st.booleans())
    wh, seconds, watts = (
        draw(_maybe_range(0, high)) if ranged else (None, None) for high in (300, 90_000, 20_000)
    )
    day = st.none() | st.just(date(2026, 3, 28))
    return Restrictions(
        start_time=start if timed else None,
        end_time=end if timed else None,
        start_date=draw(day),
        days=tuple(draw(st.sets(st.sampled_from(DAYS), max_size=6))),
        min_wh=wh[0],
        max_wh=wh[1],
        min_duration_s=seconds[0],
        max_duration_s=seconds[1],
        min_power_w=watts[0],
        max_power_w=watts[1],
    )


@st.composite
def elements(draw: st.DrawFn, *, calendar_only: bool = False) -> Element:
    prices = {field: draw(st.none() | PRICES) for field in PRICE_FIELDS.values()}
    if all(value is None for value in prices.values()):
        prices["electricity_per_kwh"] = draw(PRICES)
    grace = draw(st.integers(0, 7200)) if prices["idle_per_minute"] is not None else 0
    rule = draw(restrictions(calendar_only=calendar_only))
    return msgspec.structs.replace(Element(restrictions=rule, idle_grace_s=grace), **prices)


TAXES = st.sampled_from(
    [
        (),
        (Tax(name="VAT", percent=Decimal(19)),),
        (
            Tax(name="13", percent=Decimal(13), components=("ELECTRICITY",)),
            Tax(name="6", percent=Decimal(6), components=("SERVICE", "IDLE", "SESSION")),
        ),
    ]
)


@st.composite
def tariffs(draw: st.DrawFn, *, calendar_only: bool = False, limits: bool = True) -> Tariff:
    low, high = sorted(draw(st.tuples(*[st.decimals(0, 20, places=2)] * 2)))
    return Tariff(
        id="T",
        name="t",
        currency="EUR",
        elements=tuple(draw(st.lists(elements(calendar_only=calendar_only), min_size=1, max_size=5))),
        min_price=low if limits and draw(st.booleans()) else None,
        max_price=high if limits and draw(st.booleans()) else None,
        taxes=draw(TAXES),
        tax_included=draw(st.booleans()),
    )


@st.composite
def usages(draw: st.DrawFn) -> Usage:
    """Up to three days, readings at whole minutes, some before the start or after the end."""
    length = draw(st.integers(0, 3 * 1440))
    minutes = sorted(draw(st.lists(st.integers(-30, length + 30), max_size=6)))
    steps = draw(st.lists(st.integers(0, 200), min_size=len(minutes), max_size=len(minutes)))
    registers = [sum(steps[: i + 1]) for i in range(len(steps))]
    edges = sorted(draw(st.lists(st.integers(-30, length + 30), max_size=6)))
    idle = tuple(
        (BEGIN + a * MINUTE, BEGIN + b * MINUTE) for a, b in zip(edges[::2], edges[1::2], strict=False)
    )
    readings = tuple(Reading(BEGIN + m * MINUTE, wh) for m, wh in zip(minutes, registers, strict=True))
    return Usage(BEGIN, BEGIN + length * MINUTE, readings, idle, draw(ZONES))


def without_readings(found: Price) -> Price:
    """All of the price except the nearest readings, the one thing that one more reading is allowed to change."""
    steps = tuple(msgspec.structs.replace(step, readings=None) for step in found.steps)
    return msgspec.structs.replace(found, steps=steps)


def interpolated(usage: Usage, data: st.DataObject) -> Usage | None:
    """The usage with one more reading on the line between two others, at any microsecond, at its exact register."""
    gaps = [i for i, (a, b) in enumerate(pairwise(usage.readings), start=1) if a.at < b.at]
    if not gaps:
        return None
    i = data.draw(st.sampled_from(gaps))
    a, b = usage.readings[i - 1], usage.readings[i]
    length = (b.at - a.at) // timedelta(microseconds=1)
    offset = data.draw(st.integers(0, length))
    register = a.register_wh + Fraction(offset * (b.register_wh - a.register_wh), length)
    # The register of a pile is a whole number; the engine is exact for fractions too, and so is this test.
    extra = Reading(a.at + timedelta(microseconds=offset), cast(int, register))
    return msgspec.structs.replace(usage, readings=(*usage.readings[:i], extra, *usage.readings[i:]))


@given(tariffs(), usages(), st.data())
def test_an_interpolated_reading_changes_nothing(tariff: Tariff, usage: Usage, data: st.DataObject) -> None:
    more: Usage | None = usage
    for _ in range(3):
        more = more and interpolated(more, data)
    if more:
        assert without_readings(price(tariff, more)) == without_readings(price(tariff, usage))


@given(tariffs(), usages(), st.integers(0, 200))
def test_one_reading_for_each_watt_hour_changes_nothing(tariff: Tariff, usage: Usage, wh: int) -> None:
    # A Wh a minute: every whole register falls on a whole minute, as a real pile may report it.
    first, last = Reading(BEGIN, 0), Reading(BEGIN + wh * MINUTE, wh)
    all_of_them = tuple(Reading(BEGIN + i * MINUTE, i) for i in range(wh + 1))
    few = price(tariff, msgspec.structs.replace(usage, readings=(first, last)))
    many = price(tariff, msgspec.structs.replace(usage, readings=all_of_them))
    assert without_readings(few) == without_readings(many)


@given(tariffs(), usages())
def test_quantities_add_up_to_what_was_measured(tariff: Tariff, usage: Usage) -> None:
    found = price(tariff, usage)
    measured = usage.readings[-1].register_wh - usage.readings[0].register_wh if usage.readings else 0
    idle = {int((a - BEGIN) / MINUTE) + i for a, b in usage.idle for i in range(int((b - a) / MINUTE))}
    length = int((usage.end - usage.start) / MINUTE)
    idle_seconds = 60 * len(idle & set(range(length)))
    assert found.energy_wh == measured
    assert (found.charging_seconds, found.idle_seconds) == (60 * length - idle_seconds, idle_seconds)
    expected = {"Wh": measured, "TIME": found.charging_seconds, "IDLE": found.idle_seconds}
    for line in found.lines:
        if line.component in ("ELECTRICITY", "SERVICE", "TIME", "IDLE"):
            parts = [step.quantity for step in found.steps if step.component == line.component]
            wanted = expected["Wh" if line.unit == "Wh" else line.component]
            assert sum(parts) == line.quantity == wanted
            assert all(part >= 0 for part in parts)


@given(tariffs(), usages())
def test_money_adds_up(tariff: Tariff, usage: Usage) -> None:
    found = price(tariff, usage)
    for line in found.lines:
        steps = [step for step in found.steps if step.component == line.component]
        amount = sum((exact(s.component, s.quantity, s.unit_price) for s in steps), Fraction(0))
        assert line.amount == Decimal(half_up(amount * 100)) / 100
        assert all(
            abs(exact(s.component, s.quantity, s.unit_price) - Fraction(s.amount)) < 10**-12 for s in steps
        )
    paid = sum((line.amount for line in found.lines), Decimal(0))
    assert paid == (found.total_incl_tax if tariff.tax_included else found.total_excl_tax)
    assert found.tax == sum((tax.amount for tax in found.taxes), Decimal(0))
    assert found.total_excl_tax + found.tax == found.total_incl_tax
    # The base is shown rounded, the tax comes from the exact one.
    assert all(abs(tax.amount - tax.base * tax.percent / 100) <= Decimal("0.006") for tax in found.taxes)
    low, high = tariff.min_price, tariff.max_price
    assert low is None or paid >= low
    assert high is None or paid <= high


@given(tariffs(), usages())
def test_replaying_gives_the_same_bytes(tariff: Tariff, usage: Usage) -> None:
    first = msgspec.json.encode(price(tariff, usage))
    again = msgspec.json.decode(msgspec.json.encode((tariff, usage)), type=tuple[Tariff, Usage])
    with localcontext() as context:
        context.prec = 3
        assert msgspec.json.encode(price(*again)) == first
    assert msgspec.json.encode(msgspec.json.decode(first, type=Price)) == first


def test_equal_tariffs_keep_their_own_digits() -> None:
    def written(digits: str) -> bytes:
        tariff = Tariff(
            id="T", name="t", currency="EUR", elements=(Element(electricity_per_kwh=Decimal(digits)),)
        )
        readings = (Reading(BEGIN, 0), Reading(BEGIN + MINUTE, 1000))
        return msgspec.json.encode(
            price(tariff, Usage(BEGIN, BEGIN + MINUTE, readings, (), "UTC")).steps[0].unit_price
        )

    assert (written("1.0"), written("1.00")) == (b'"1.0"', b'"1.00"')


@st.composite
def more_energy(draw: st.DrawFn, usage: Usage) -> Usage:
    """The usage with more energy from one of its readings on."""
    first = draw(st.integers(1, max(1, len(usage.readings) - 1)))
    extra = draw(st.integers(1, 5000))
    readings = tuple(
        Reading(reading.at, reading.register_wh + (extra if i >= first else 0))
        for i, reading in enumerate(usage.readings)
    )
    return msgspec.structs.replace(usage, readings=readings)


@given(PRICES, st.lists(st.tuples(st.integers(1, 5000), PRICES), max_size=4), usages(), st.data())
def test_more_energy_never_costs_less(
    rest: Decimal, limits: list[tuple[int, Decimal]], usage: Usage, data: st.DataObject
) -> None:
    """Steps of energy are cut at whole Wh: nothing is apportioned, and the price never falls."""
    rules = [Element(electricity_per_kwh=p, restrictions=Restrictions(max_wh=wh)) for wh, p in sorted(limits)]
    tariff = Tariff(id="T", name="t", currency="EUR", elements=(*rules, Element(electricity_per_kwh=rest)))
    assert price(tariff, usage).total_incl_tax <= price(tariff, data.draw(more_energy(usage))).total_incl_tax


@given(tariffs(calendar_only=True, limits=False), usages(), st.data())
def test_more_energy_over_periods_costs_less_by_no_more_than_the_apportioned_wh(
    tariff: Tariff, usage: Usage, data: st.DataObject
) -> None:
    """Largest remainder may move a Wh of each period to another one; docs/explanation/pricing.md says so."""
    less, more = price(tariff, usage), price(tariff, data.draw(more_energy(usage)))
    for a, b in zip(less.lines, more.lines, strict=True):
        steps = [step for step in (*less.steps, *more.steps) if step.component == a.component]
        moved = sum((step.unit_price for step in steps), Decimal(0)) / 1000 if a.unit == "Wh" else Decimal(0)
        assert b.amount >= a.amount - moved - Decimal("0.01")


@given(tariffs(), usages())
def test_the_total_alone_is_the_total_of_the_price(tariff: Tariff, usage: Usage) -> None:
    assert str(total(tariff, usage)) == str(price(tariff, usage).total_incl_tax)


@given(st.lists(st.integers(0, 10**9), min_size=1), st.integers(1, 10**6))
def test_largest_remainder_of_values_over_a_common_denominator(values: list[int], unit: int) -> None:
    fractions = [Fraction(value, unit) for value in values]
    whole = half_up(sum(fractions, Fraction(0)))
    assert apportion(values, whole, unit) == apportion(fractions, whole)


@given(st.lists(st.fractions(0, 1000, max_denominator=60), min_size=1))
def test_largest_remainder(values: list[Fraction]) -> None:
    whole = half_up(sum(values, Fraction(0)))
    parts = apportion(values, whole)
    assert sum(parts) == whole
    errors = [part - value for part, value in zip(parts, values, strict=True)]
    # Whoever was rounded up had at least the remainder of whoever was not.
    up, down = [1 - error for error in errors if error > 0], [-error for error in errors if error <= 0]
    assert all(0 < remainder < 1 for remainder in up)
    assert all(0 <= remainder < 1 for remainder in down)
    assert not up or not down or min(up) >= max(down)


class Minute(NamedTuple):
    """A minute of a charge as the naive pricing below sees it; `wh` divides 60."""

    idle: bool
    wh: int


minutes = st.builds(Minute, st.booleans(), st.sampled_from([0, 1, 2, 3, 5, 12, 30]))
stretches = st.lists(st.tuples(minutes, st.integers(1, 400)), max_size=8)


def holds(rule: Restrictions, local: datetime, wh: int, seconds: int, watts: int) -> bool:
    """The restrictions, read literally."""
    start, end = minute_of_day(rule.start_time or "00:00"), minute_of_day(rule.end_time or "24:00")
    minute = local.hour * 60 + local.minute
    checks = [
        start <= minute < end if start < end else not end <= minute < start,
        not rule.days or DAYS[local.weekday()] in rule.days,
        rule.start_date is None or rule.start_date <= local.date(),
        rule.min_wh is None or rule.min_wh <= wh,
        rule.max_wh is None or wh < rule.max_wh,
        rule.min_duration_s is None or rule.min_duration_s <= seconds,
        rule.max_duration_s is None or seconds < rule.max_duration_s,
        rule.min_power_w is None or rule.min_power_w <= watts,
        rule.max_power_w is None or watts < rule.max_power_w,
    ]
    return all(checks)


def naively(tariff: Tariff, charge: list[Minute], zone: str) -> Counter[tuple[Component, int | None, bool]]:
    """Wh and seconds by component, element and grace, minute by minute and Wh by Wh."""
    found: Counter[tuple[Component, int | None, bool]] = Counter()
    wh = idle_s = 0
    for i, minute in enumerate(charge):
        local = (BEGIN + i * MINUTE).astimezone(ZoneInfo(zone))
        for _ in range(max(1, minute.wh)):
            seconds = 60 // max(1, minute.wh)
            parts: dict[Component, int] = {"IDLE": seconds} if minute.idle else {"TIME": seconds}
            if minute.wh:
                parts |= {"ELECTRICITY": 1, "SERVICE": 1}
            for component, quantity in parts.items():
                element = first(tariff, component, local, wh, i * 60, minute.wh * 60)
                grace = (
                    component == "IDLE"
                    and element is not None
                    and idle_s < tariff.elements[element].idle_grace_s
                )
                found[component, element, grace] += quantity
            wh += min(1, minute.wh)
            idle_s += seconds if minute.idle else 0
    return found


def first(
    tariff: Tariff, component: Component, local: datetime, wh: int, seconds: int, watts: int
) -> int | None:
    for i, element in enumerate(tariff.elements):
        if getattr(element, PRICE_FIELDS[component]) is not None and holds(
            element.restrictions, local, wh, seconds, watts
        ):
            return i
    return None


def whole_minutes(tariff: Tariff) -> Tariff:
    """The tariff with graces and durations of whole minutes, which is all the naive pricing can see."""

    def element(given: Element) -> Element:
        rule = given.restrictions
        limits = {
            name: value and value // 1800 * 1800
            for name in DURATIONS
            if (value := getattr(rule, name)) is not None
        }
        if limits.get("min_duration_s") == limits.get("max_duration_s"):
            limits = dict.fromkeys(limits)
        rule = msgspec.structs.replace(rule, **limits)
        return msgspec.structs.replace(given, restrictions=rule, idle_grace_s=given.idle_grace_s // 60 * 60)

    return msgspec.structs.replace(tariff, elements=tuple(map(element, tariff.elements)))


DURATIONS = ("min_duration_s", "max_duration_s")


# The naive one takes seconds of a busy machine.
@settings(deadline=None)
@given(tariffs(), stretches, ZONES)
def test_the_engine_agrees_with_a_naive_one(
    tariff: Tariff, parts: list[tuple[Minute, int]], zone: str
) -> None:
    tariff = whole_minutes(tariff)
    charge = [minute for minute, count in parts for _ in range(count)]
    ends = [sum(count for _, count in parts[:i]) for i in range(len(parts) + 1)]
    registers = [sum(minute.wh * count for minute, count in parts[:i]) for i in range(len(parts) + 1)]
    readings = tuple(Reading(BEGIN + end * MINUTE, wh) for end, wh in zip(ends, registers, strict=True))
    idle = tuple(
        (BEGIN + a * MINUTE, BEGIN + b * MINUTE)
        for (a, b), (minute, _) in zip(pairwise(ends), parts, strict=True)
        if minute.idle
    )
    found = price(tariff, Usage(BEGIN, BEGIN + ends[-1] * MINUTE, readings, idle, zone))
    steps: Counter[tuple[Component, int | None, bool]] = Counter()
    for step in found.steps:
        if step.component in ("ELECTRICITY", "SERVICE", "TIME", "IDLE"):
            steps[step.component, step.element, step.grace] += step.quantity
    components = {line.component for line in found.lines}
    expected = naively(tariff, charge, zone)
    assert +steps == Counter({key: value for key, value in expected.items() if key[0] in components})
