"""Any order, any repetition: the same session. Energy is never lost, never doubled, never negative."""

from datetime import datetime, timedelta
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from tests.domain.world import (
    BOOT_1970,
    T0,
    World,
    again,
    ended,
    event201,
    flipped,
    meter16,
    minutes,
    start16,
    started,
    stop16,
    updated,
    with_key,
)

from forecourt.domain import energy
from forecourt.domain.billing import usage_of
from forecourt.domain.session import IN_MEMORY, Session, SessionState
from forecourt.domain.tariff import Usage
from forecourt.domain.transaction_event import Kind, TransactionEvent

STATES = st.sampled_from(["", "Charging", "SuspendedEV", "SuspendedEVSE", "EVConnected"])
# seqNo as the standard wants it; from 1 on; useless; begun anew after a reboot in the middle.
NUMBERS = st.sampled_from(["from 0", "from 1", "always 0", "anew"])
GLITCHES = st.sampled_from([None, None, 0, 3, 9_000_000])
LATER = T0 + timedelta(days=1)


def _number(style: str, index: int, count: int) -> int:
    table = {"from 0": index, "from 1": index + 1, "always 0": 0, "anew": index % max(1, count // 2)}
    return table[style]


@st.composite
def charges(draw: st.DrawFn) -> list[TransactionEvent]:
    """A 2.0.1 session, in order: at most one event a minute, a rising register with a glitch here and there."""
    steps = draw(st.lists(st.integers(0, 8000), min_size=2, max_size=7))
    style, count = draw(NUMBERS), len(steps)
    register, events = draw(st.integers(0, 10**7)), []
    for index, step in enumerate(steps):
        register += step
        # Of a pile whose meter is wrong and whose numbers are too, in another order, nothing can be said.
        glitch = draw(GLITCHES) if style != "anew" else None
        told = () if draw(st.booleans()) and index else (register if glitch is None or not index else glitch,)
        last = index == count - 1
        kind = Kind.STARTED if index == 0 else Kind.ENDED if last else Kind.UPDATED
        state = "" if last else draw(STATES)
        event = event201(kind, minutes(index * 7), _number(style, index, count), *told, charging_state=state)
        events.append(event if index else with_key(replace(event, evse_id=2, connector_id=1)))
    return events


@st.composite
def deliveries(draw: st.DrawFn) -> tuple[list[TransactionEvent], list[TransactionEvent]]:
    """A charge in order, and the same in another order, with repetitions, some of them marked as offline."""
    events = draw(charges())
    repeated = draw(st.lists(st.sampled_from(events), max_size=4))
    more = [flipped(event) if draw(st.booleans()) else again(event) for event in repeated]
    return events, draw(st.permutations([*events, *more]))


def delivered(events: list[TransactionEvent], *, reload: bool = False) -> World:
    """A pile that was offline during the charge, and hands its messages over a second apart."""
    world = World()
    for evse_id in (1, 2):
        world.status("Occupied", T0 - timedelta(hours=1), evse_id)
    for index, event in enumerate(events):
        world.send(event, LATER + timedelta(seconds=index))
        if reload:
            world.reload()
    return world


def what_counts(session: Session) -> tuple[object, ...]:
    """Everything of a session that is billed or shown as its state."""
    bounds = session.started_at, session.ended_at, session.closed_at, session.state
    meter = session.energy_wh, session.start_register_wh, session.register_wh, session.readings
    verdict = {flag for flag in session.flags if "meter" in flag or "missing" in flag or "stop" in flag}
    return (*bounds, *meter, session.idle, session.charging_state, session.seen, session.evse_id, verdict)


def billed(session: Session) -> Usage:
    return usage_of(session, "UTC", 600_000, session.last_event_at)


@given(deliveries())
def test_any_order_and_repetition_gives_the_same_session(
    delivery: tuple[list[TransactionEvent], list[TransactionEvent]],
) -> None:
    in_order, shuffled = delivery
    expected, found = delivered(in_order).session, delivered(shuffled).session
    assert what_counts(found) == what_counts(expected)
    assert billed(found) == billed(expected)


@given(deliveries())
def test_memory_and_database_agree_after_every_message(
    delivery: tuple[list[TransactionEvent], list[TransactionEvent]],
) -> None:
    _, shuffled = delivery
    held, loaded = delivered(shuffled), delivered(shuffled, reload=True)
    assert what_counts(loaded.session) == what_counts(held.session)
    (kept,) = held.state.sessions or held.sessions
    assert kept == held.whole(kept.id)


@given(deliveries())
def test_the_fold_is_the_same_from_scratch(
    delivery: tuple[list[TransactionEvent], list[TransactionEvent]],
) -> None:
    world = delivered(delivery[1])
    session = world.session
    assert session.energy_wh == energy.delivered_wh(session.readings, 600_000) >= 0
    usable = billed(session).readings
    assert all(a.register_wh <= b.register_wh for a, b in pairwise(usable))
    assert session.energy_wh == (usable[-1].register_wh - usable[0].register_wh if usable else 0)
    assert session.events == len(session.keys) == len(set(session.keys)) == len(world.tail)


@given(deliveries(), st.data())
def test_a_message_that_was_seen_changes_nothing_at_all(
    delivery: tuple[list[TransactionEvent], list[TransactionEvent]], data: st.DataObject
) -> None:
    events, _ = delivery
    world = delivered(events)
    world.status("Available", LATER + timedelta(minutes=1), evse_id=2)
    before = world.state, dict(world.rows), dict(world.tail)
    for event in data.draw(st.lists(st.sampled_from(events), max_size=5)):
        reply = world.send(again(event), LATER + timedelta(days=2))
        assert reply.session_id == world.session.id
    assert (world.state, world.rows, world.tail) == before
    assert world.session.state is SessionState.CLOSED


# --- OCPP 1.6


@st.composite
def charges16(draw: st.DrawFn) -> tuple[TransactionEvent, list[TransactionEvent]]:
    """A start, and what follows it, in order: meter values, a stop, meter values beyond it; the register only rises."""
    register = draw(st.integers(0, 10**7))
    start, events = start16(minutes(0), register), []
    for index, step in enumerate(draw(st.lists(st.integers(0, 8000), max_size=5)), start=1):
        register += step
        events.append(meter16(minutes(index), register, tx=1))
    register += draw(st.integers(0, 8000))
    end = 1 + len(events)
    events.append(stop16(minutes(end), register, tx=1))
    # A pile that goes on naming the transaction while the next car charges (quirk M14).
    late = sorted(draw(st.lists(st.integers(0, 50_000), max_size=2)))
    events += [meter16(minutes(end + 1 + i), register + wh, tx=1) for i, wh in enumerate(late)]
    return start, events


@given(charges16(), st.data())
def test_any_order_and_repetition_of_ocpp_16_gives_the_same_session(
    charge: tuple[TransactionEvent, list[TransactionEvent]], data: st.DataObject
) -> None:
    start, events = charge
    repeated = data.draw(st.lists(st.sampled_from([start, *events]), max_size=4))
    shuffled = data.draw(st.permutations([*events, *map(again, repeated)]))
    expected, found = delivered([start, *events]), delivered([start, *shuffled], reload=True)
    assert what_counts(found.session) == what_counts(expected.session)
    assert billed(found.session) == billed(expected.session)
    assert not found.evidence
    stop = next(event for event in events if event.kind is Kind.ENDED)
    assert found.session.energy_wh == (stop.register_wh or 0) - (start.register_wh or 0)


# --- wrong clocks


@st.composite
def wrong_clocks(draw: st.DrawFn) -> timedelta:
    """How far the pile's clock is from ours."""
    ahead = st.timedeltas(timedelta(minutes=3), timedelta(days=3))
    behind = st.timedeltas(timedelta(hours=-9), timedelta(minutes=-3))
    return draw(st.one_of(ahead, behind, st.just(BOOT_1970 - T0), st.just(timedelta())))


@settings(max_examples=200)
@given(wrong_clocks(), st.lists(st.integers(0, 8000), min_size=1, max_size=6), st.booleans(), st.data())
def test_no_clock_makes_energy_wrong_whatever_is_sent_again(
    error: timedelta, steps: list[int], numbered: bool, data: st.DataObject
) -> None:
    """Live, in order, each message late by up to half a minute, with earlier ones sent again in between."""
    world, register, sent = World(), 1000, [started(T0 + error, 0, 1000)]
    world.send(sent[0], T0)
    for index, step in enumerate(steps, start=1):
        register += step
        at = minutes(index)
        late = data.draw(st.timedeltas(timedelta(), timedelta(seconds=30)))
        kind = ended if index == len(steps) else updated
        sent.append(kind(at + error, index if numbered else 0, register))
        world.send(sent[-1], at + late)
        for event in data.draw(st.lists(st.sampled_from(sent), max_size=2)):
            world.send(again(event), at + late + timedelta(seconds=5))
    session = world.session
    assert session.energy_wh == register - 1000
    assert session.ended_at is not None
    length = session.ended_at - session.started_at
    assert abs(length - len(steps) * timedelta(minutes=1)) <= timedelta(minutes=1)
    assert session.ended_at <= minutes(len(steps) + 3)


@given(st.lists(st.timedeltas(timedelta(days=-200), timedelta(days=200)), min_size=3, max_size=8), st.data())
def test_a_clock_that_jumps_about_loses_no_message_and_breaks_nothing(
    errors: list[timedelta], data: st.DataObject
) -> None:
    world = World()
    for index, error in enumerate(errors):
        kind = Kind.STARTED if index == 0 else Kind.ENDED if index == len(errors) - 1 else Kind.UPDATED
        at: datetime | None = minutes(index) + error
        world.send(event201(kind, at, index, 1000 + index, charging_state="Charging"), minutes(index))
    session = world.session
    assert session.events == len(errors)
    assert session.state is SessionState.STOPPED
    assert session.ended_at is not None
    assert session.started_at <= session.ended_at <= minutes(len(errors) + 2)
    assert 0 <= session.energy_wh <= len(errors) - 1
    assert replace(session, **dict.fromkeys(IN_MEMORY, ())) == world.rows[session.id]
