"""Idle time: occupied without charging, by the car's doing."""

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from tests.domain.world import T0, minutes

from forecourt.domain import idle
from forecourt.domain.session import Mark, Session

SESSION = Session(
    id=1,
    pile_id="P1",
    station_id="S1",
    evse_id=1,
    transaction_id="tx-1",
    started_at=T0,
    started_received_at=T0,
    last_event_at=T0,
)


def by_states(
    *states: str, end: int | None = None, closed: int | None = None
) -> list[tuple[float, float | None]]:
    """The idle minutes of a session with a new charging state each minute."""
    marks = tuple((minutes(i), i, state) for i, state in enumerate(states))
    session = replace(SESSION, marks=marks, closed_at=None if closed is None else minutes(closed))
    spans = idle.by_marks(session) if end is None else idle.at_end(session, minutes(end))
    return [(_minute(start), None if stop is None else _minute(stop)) for start, stop in spans]


def _minute(at: datetime) -> float:
    return (at - T0).total_seconds() / 60


@pytest.mark.parametrize(
    ("states", "found"),
    [
        (["Charging"], []),
        (["Charging", "SuspendedEV"], [(1, None)]),
        (["Charging", "SuspendedEV", "Charging"], [(1, 2)]),
        (["Charging", "SuspendedEV", "SuspendedEV", "Charging", "SuspendedEV", "Charging"], [(1, 3), (4, 5)]),
        (["Charging", "SuspendedEVSE", "Charging"], []),  # ours, not the driver's
        (["EVConnected", "Charging"], []),  # about to begin
        (["EVConnected", "Charging", "EVConnected"], [(2, None)]),  # stopped, and still plugged in
        (["EVConnected", "SuspendedEV", "SuspendedEVSE", "SuspendedEV", "Idle"], [(1, 2), (3, 4)]),
    ],
)
def test_idle_time_of_charging_states(states: list[str], found: list[tuple[float, float | None]]) -> None:
    assert by_states(*states) == found


def test_after_the_end_the_car_only_occupies() -> None:
    assert by_states("Charging", end=5) == [(5, None)]
    assert by_states("Charging", end=5, closed=9) == [(5, 9)]
    assert by_states("Charging", "SuspendedEV", end=5, closed=9) == [(1, 9)]
    assert by_states("Charging", end=5, closed=5) == []


def test_what_a_pile_says_of_the_time_after_the_end_is_not_the_charge() -> None:
    assert by_states("Charging", "SuspendedEV", "Charging", "Charging", end=1) == [(1, None)]
    assert by_states("SuspendedEV", "Charging", "Charging", end=2) == [(0, 1), (2, None)]


@st.composite
def spans(draw: st.DrawFn) -> idle.Spans:
    instants = sorted(draw(st.sets(st.integers(0, 40), max_size=8)))
    pairs = zip(instants[::2], instants[1::2], strict=False)
    found: idle.Spans = tuple((minutes(a), minutes(b)) for a, b in pairs)
    return (*found, (minutes(instants[-1]), None)) if len(instants) % 2 else found


@given(spans(), st.lists(st.tuples(st.booleans(), st.integers(0, 10)), max_size=8))
def test_spans_stay_in_order_and_apart(found: idle.Spans, steps: list[tuple[bool, int]]) -> None:
    at = 41
    for toggle, step in steps:
        at += step
        found = idle.toggled(found, toggle, minutes(at))
    ends = [instant for span in found for instant in span if instant is not None]
    assert ends == sorted(set(ends))
    assert all(stop is not None for _, stop in found[:-1])


@given(spans(), st.integers(0, 50))
def test_until_cuts_and_loses_nothing_before(found: idle.Spans, minute: int) -> None:
    def covered(among: idle.Spans, tick: int) -> bool:
        return any(a <= minutes(tick) and (b is None or minutes(tick) < b) for a, b in among)

    cut = idle.until(found, minutes(minute))
    assert [tick for tick in range(60) if covered(cut, tick)] == [
        tick for tick in range(60) if covered(found, tick) and tick < minute
    ]


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 3)), unique=True), st.data())
def test_marks_are_in_the_order_of_time_then_number(
    places: list[tuple[int, int]], data: st.DataObject
) -> None:
    marks: tuple[Mark, ...] = ()
    for minute, seq_no in data.draw(st.permutations(places)):
        marks = idle.marked(marks, (minutes(minute), seq_no, "Charging"))
    assert [mark[:2] for mark in marks] == [(minutes(minute), seq_no) for minute, seq_no in sorted(places)]
