"""What is allowed in a tariff and probably not meant: gaps, in which a component is free, and prices never reached."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from itertools import pairwise, product

from forecourt.domain.price_plan import MINUTES, Plan, Rule, plan
from forecourt.domain.tariff import DAYS, PRICE_FIELDS, Component, Tariff, priced

MONDAY = date(2024, 1, 1).toordinal()
Cell = tuple[int, int]  # a date and a minute of the day: what is true there is true until the next wall
Gaps = dict[Cell, bool]  # True: free in every case; False: in some, by energy, duration or power


def warnings(tariff: Tariff) -> tuple[str, ...]:
    """A sentence for each oddity; none for most tariffs. TariffError: the tariff is not valid."""
    compiled = plan(tariff)
    dates, walls = _dates(compiled), sorted({0, *compiled.walls})
    used: set[tuple[int, Component]] = set()
    found: list[str] = []
    for component in priced(tariff):
        gaps = _gaps(compiled, component, list(product(dates, walls)), used)
        if component != "SESSION":
            found += _gap_texts(component, gaps, dates, walls)
    return (*found, *_unused(compiled, used))


def _dates(compiled: Plan) -> list[int]:
    """Up to a week of each stretch of dates in which no date restriction begins or ends."""
    edges = sorted({edge for rule in compiled.rules for edge in rule.dates if edge is not None} or {MONDAY})
    stretches = [(edges[0] - 7, edges[0]), *pairwise(edges), (edges[-1], edges[-1] + 7)]
    return [day for start, end in stretches for day in range(start, min(end, start + 7))]


def _gaps(compiled: Plan, component: Component, cells: list[Cell], used: set[tuple[int, Component]]) -> Gaps:
    """The cells in which nobody prices the component; notes in `used` who does elsewhere."""
    cases = list(product((0, *compiled.levels_wh), (0, *compiled.durations_s), (0, *compiled.powers_w)))
    gaps: Gaps = {}
    for day, minute in cells:
        rules = [
            (i, r)
            for i, r in enumerate(compiled.rules)
            if component in r.priced and r.in_calendar(minute, day)
        ]
        winners = {_winner(rules, *case) for case in cases}
        used |= {(i, component) for i in winners if i is not None}
        if None in winners:
            gaps[day, minute] = len(winners) == 1
    return gaps


def _winner(rules: list[tuple[int, Rule]], wh: int, seconds: int, watts: int) -> int | None:
    holding = (
        i
        for i, r in rules
        if r.energy_wh.holds(wh) and r.duration_s.holds(seconds) and r.power_w.holds(watts)
    )
    return next(holding, None)


def _gap_texts(component: Component, gaps: Gaps, dates: list[int], walls: list[int]) -> Iterator[str]:
    """The gaps, joined over the walls that do not matter."""
    rows: list[tuple[int, int, bool, frozenset[int]]] = []
    for start, end in pairwise((*walls, MINUTES)):
        for kind in (True, False):
            days = frozenset(day for day in dates if gaps.get((day, start)) is kind)
            same = next((row for row in rows if row[1:] == (start, kind, days)), None)
            if same:
                rows[rows.index(same)] = (same[0], end, kind, days)
            elif days:
                rows.append((start, end, kind, days))
    for start, end, kind, days in rows:
        when = f"from {_clock(start)} to {_clock(end)}{_day_text(days, dates)}"
        some = "" if kind else " at some energies, durations or powers"
        yield f"{component} is free {when}{some}: no element prices it there"


def _day_text(days: frozenset[int], dates: list[int]) -> str:
    if len(days) == len(set(dates)):
        return ""
    weekdays = {(day - 1) % 7 for day in days}
    if all((day - 1) % 7 not in weekdays or day in days for day in dates):
        return " on " + ", ".join(DAYS[day] for day in sorted(weekdays))
    return " on some dates"


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


def _unused(compiled: Plan, used: set[tuple[int, Component]]) -> Iterator[str]:
    names: defaultdict[int, list[str]] = defaultdict(list)
    for i, rule in enumerate(compiled.rules):
        for component, field in PRICE_FIELDS.items():
            if component in rule.priced and (i, component) not in used:
                names[i].append(field)
    for i, fields in names.items():
        yield f"elements[{i}] never gives {' and '.join(fields)}: earlier elements always come first"
