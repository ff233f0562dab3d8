"""A tariff made ready for look-ups: its restrictions as integers, its thresholds as sorted tuples.

A plan holds nothing that is shown: `lru_cache` takes equal tariffs for the same, and Decimal("1.0") equals
Decimal("1.00"). Whatever goes into a price is taken from the tariff at hand.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import NamedTuple

from forecourt.domain.price_terms import Terms, terms
from forecourt.domain.tariff import (
    DAYS,
    PRICE_FIELDS,
    Component,
    Restrictions,
    Tariff,
    minute_of_day,
    unit_price,
)
from forecourt.domain.tariff_check import validate

MINUTES = 1440


class Range(NamedTuple):
    """From `low`, which is in it, to `high`, which is not; None: no limit."""

    low: int | None
    high: int | None

    def holds(self, value: int) -> bool:
        return (self.low is None or self.low <= value) and (self.high is None or value < self.high)


class Rule(NamedTuple):
    """The restrictions of an element and the components that it prices."""

    start: int  # minute of the day
    end: int
    days: frozenset[int]  # Monday is 0
    dates: Range  # proleptic ordinals
    energy_wh: Range
    duration_s: Range
    power_w: Range
    priced: frozenset[Component]
    grace_s: int

    def in_calendar(self, minute: int, day: int) -> bool:
        """Whether the element holds at a minute of the day of a date (an ordinal)."""
        after, before = minute >= self.start, minute < self.end
        timely = (after and before) if self.start < self.end else (after or before)
        # The ordinal 1 is a Monday.
        return timely and (day - 1) % 7 in self.days and self.dates.holds(day)


class Match(NamedTuple):
    """The index of the element that gives the price of each component, None where none does."""

    electricity: int | None
    service: int | None
    time: int | None
    idle: int | None
    session: int | None


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """The compiled tariff; `walls` are the minutes of the day at which something may change, the others likewise.

    A plan equals itself only, so that it is a cheap key for what is remembered of it (`holding`, `match`).
    """

    rules: tuple[Rule, ...]
    walls: tuple[int, ...]
    levels_wh: tuple[int, ...]
    durations_s: tuple[int, ...]
    powers_w: tuple[int, ...]
    graces_s: tuple[int, ...]
    terms: Terms


@lru_cache(maxsize=256)
def plan(tariff: Tariff) -> Plan:
    """Compile the tariff. TariffError: it is not valid."""
    validate(tariff)
    rules = tuple(
        _rule(
            element.restrictions,
            frozenset(c for c in PRICE_FIELDS if unit_price(element, c) is not None),
            element.idle_grace_s,
        )
        for element in tariff.elements
    )
    return Plan(
        rules=rules,
        walls=_thresholds(wall for rule in rules for wall in _walls(rule)),
        levels_wh=_thresholds(level for rule in rules for level in rule.energy_wh),
        durations_s=_thresholds(duration for rule in rules for duration in rule.duration_s),
        powers_w=_thresholds(power for rule in rules for power in rule.power_w),
        graces_s=_thresholds(rule.grace_s or None for rule in rules),
        terms=terms(tariff),
    )


# What holds anywhere between two thresholds holds at the lower one: few cases, which return with every session.


@lru_cache(maxsize=8192)
def holding(plan: Plan, day: int, walls: int, durations: int) -> tuple[int, ...]:
    """The elements that hold by calendar and duration, on a date and after so many of the plan's thresholds."""
    minute, duration_s = _last(plan.walls, walls), _last(plan.durations_s, durations)
    return tuple(
        i
        for i, rule in enumerate(plan.rules)
        if rule.in_calendar(minute, day) and rule.duration_s.holds(duration_s)
    )


@lru_cache(maxsize=8192)
def match(plan: Plan, candidates: tuple[int, ...], levels: int, powers: int) -> Match:
    """The first of the candidates that prices each component after so many of the plan's thresholds."""
    energy_wh, power_w = _last(plan.levels_wh, levels), _last(plan.powers_w, powers)
    found: dict[Component, int] = {}
    for i in candidates:
        rule = plan.rules[i]
        if rule.energy_wh.holds(energy_wh) and rule.power_w.holds(power_w):
            for component in rule.priced:
                found.setdefault(component, i)
    return Match(*(found.get(component) for component in PRICE_FIELDS))


def _last(thresholds: tuple[int, ...], passed: int) -> int:
    return thresholds[passed - 1] if passed else 0


def _rule(given: Restrictions, priced: frozenset[Component], grace_s: int) -> Rule:
    return Rule(
        start=minute_of_day(given.start_time or "00:00"),
        end=minute_of_day(given.end_time or "24:00"),
        days=frozenset(map(DAYS.index, given.days or DAYS)),
        dates=Range(_ordinal(given.start_date), _ordinal(given.end_date)),
        energy_wh=Range(given.min_wh, given.max_wh),
        duration_s=Range(given.min_duration_s, given.max_duration_s),
        power_w=Range(given.min_power_w, given.max_power_w),
        priced=priced,
        grace_s=grace_s,
    )


def _ordinal(day: date | None) -> int | None:
    return None if day is None else day.toordinal()


def _walls(rule: Rule) -> set[int]:
    whole_days = len(rule.days) == 7 and rule.dates == Range(None, None)
    times = {rule.start, rule.end} if (rule.start, rule.end) != (0, MINUTES) else set()
    return {wall % MINUTES for wall in times} | (set() if whole_days else {0})


def _thresholds(values: Iterable[int | None]) -> tuple[int, ...]:
    return tuple(sorted({value for value in values if value is not None}))
