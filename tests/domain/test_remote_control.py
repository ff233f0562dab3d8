"""A command is a row: queued → sent → its fate, never sent twice, never taken for undone because nobody answered."""

from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from tests.domain.world import PILE, STATION, T0, World, ended, minutes, start16, started, updated

from forecourt.domain import remote_control
from forecourt.domain.command import (
    FINAL,
    ChangeAvailability,
    ChangeConfiguration,
    Command,
    CommandState,
    RemoteStart,
    RemoteStop,
    Request,
    Reset,
    TriggerMessage,
)
from forecourt.domain.outcome import Outcome, PileState
from forecourt.domain.pile import Registration
from forecourt.domain.token import TokenRef
from forecourt.domain.transaction_event import TransactionEvent

STATE = PileState(pile=PILE, station=STATION)
START = RemoteStart(token_uid="abc", evse_id=1)


def command(request: Request = START, command_id: str = "c1", remote_start_id: int = 77) -> Command:
    return Command(
        id=command_id,
        pile_id="P1",
        request=request,
        created_at=T0,
        expires_at=T0 + timedelta(seconds=60),
        remote_start_id=remote_start_id,
    )


def offered(state: PileState, what: Command, now: datetime = T0) -> PileState:
    return remote_control.decide_offer(state, what, now).state


def row(outcome: Outcome[Any]) -> Command:
    """The one command that was written."""
    (written,) = outcome.writes
    assert isinstance(written, Command)
    return written


def sent(request: Request = START) -> PileState:
    return offered(STATE, command(request))


def test_an_offer_is_recorded_as_sent_before_it_is_sent() -> None:
    outcome = remote_control.decide_offer(STATE, command(), minutes(0.5))
    expected = replace(command(), state=CommandState.SENT, sent_at=minutes(0.5))
    assert outcome.reply == expected == row(outcome)
    assert outcome.state.commands == (expected,)


def test_the_same_command_offered_again_is_not_sent_again() -> None:
    again = remote_control.decide_offer(sent(), command(), T0)
    assert (again.reply, again.writes) == (None, ())
    for state in set(CommandState) - {CommandState.QUEUED}:
        stale = remote_control.decide_offer(STATE, replace(command(), state=state), T0)
        assert (stale.reply, stale.writes) == (None, ())


def test_an_expired_command_is_not_sent() -> None:
    outcome = remote_control.decide_offer(STATE, command(), minutes(1))
    assert outcome.reply is None
    assert (row(outcome).state, row(outcome).error) == (
        CommandState.REJECTED,
        "expired before the pile could be reached",
    )


def test_only_what_runs_can_be_stopped() -> None:
    world = World()
    world.send(started(minutes(0)))
    assert remote_control.decide_offer(world.state, command(RemoteStop(1)), T0).reply is not None
    world.send(ended(minutes(1), 1))
    refused = remote_control.decide_offer(world.state, command(RemoteStop(1)), T0)
    assert (refused.reply, row(refused).error) == (None, "session 1 is not running on this pile")
    assert remote_control.decide_offer(world.state, command(RemoteStop(2)), T0).reply is None


def test_what_we_triggered_a_pending_pile_may_send() -> None:
    assert sent(TriggerMessage("StatusNotification")).triggered == {"StatusNotification"}


# --- fates


@pytest.mark.parametrize(
    ("accepted", "state"), [(True, CommandState.ACCEPTED), (False, CommandState.REJECTED)]
)
def test_the_answer_of_the_pile(accepted: bool, state: CommandState) -> None:
    outcome = remote_control.decide_answer(sent(Reset()), "c1", accepted, {"status": "x"}, minutes(0.2))
    assert (row(outcome).state, row(outcome).result, row(outcome).finished_at) == (
        state,
        {"status": "x"},
        minutes(0.2),
    )
    assert outcome.state.commands == ()


@pytest.mark.parametrize("accepted", [True, False])
def test_a_password_that_was_set_is_not_kept(accepted: bool) -> None:
    state = sent(ChangeConfiguration("AuthorizationKey", "0123456789abcdef"))
    kept = row(remote_control.decide_answer(state, "c1", accepted, {}, T0)).request
    assert kept == ChangeConfiguration("AuthorizationKey", "****")
    harmless = ChangeConfiguration("HeartbeatInterval", "60")
    assert row(remote_control.decide_answer(sent(harmless), "c1", accepted, {}, T0)).request == harmless


def test_a_call_error_is_a_refusal_that_says_why() -> None:
    outcome = remote_control.decide_failure(sent(), "c1", "NotSupported", "no such thing", T0)
    assert (row(outcome).state, row(outcome).error) == (CommandState.REJECTED, "NotSupported: no such thing")


def test_a_time_out_is_open_and_a_late_answer_settles_it() -> None:
    """Field problem 22."""
    timed_out = remote_control.decide_timeout(sent(), "c1", minutes(0.5))
    assert row(timed_out).state is CommandState.TIMED_OUT
    assert CommandState.TIMED_OUT not in FINAL
    late = remote_control.decide_answer(timed_out.state, "c1", True, {}, minutes(5))
    assert (row(late).state, row(late).error) == (CommandState.ACCEPTED, "")


def test_the_first_fate_of_a_sent_command_counts() -> None:
    answered = remote_control.decide_answer(sent(), "c1", True, {}, T0).state
    lost = remote_control.decide_loss(sent(), "c1", T0).state
    for state, late in product((answered, lost), (remote_control.decide_timeout, remote_control.decide_loss)):
        outcome = late(state, "c1", minutes(1))
        assert (outcome.state, outcome.writes) == (state, ())


def test_an_answer_to_nothing_changes_nothing() -> None:
    outcome = remote_control.decide_answer(STATE, "c1", True, {}, T0)
    assert (outcome.state, outcome.writes) == (STATE, ())


def test_a_newer_order_for_the_same_thing_supersedes_one_whose_fate_is_open() -> None:
    open_fates = STATE
    older: list[tuple[str, Request]] = [
        ("same", ChangeAvailability(False, 1)),
        ("other evse", ChangeAvailability(False, 2)),
        ("other kind", Reset()),
    ]
    for name, request in older:
        open_fates = offered(open_fates, command(request, name))
        open_fates = remote_control.decide_loss(open_fates, name, T0).state
    outcome = remote_control.decide_offer(open_fates, command(ChangeAvailability(True, 1), "new"), T0)
    states = {written.id: written.state for written in outcome.writes}
    assert states == {"new": CommandState.SENT, "same": CommandState.SUPERSEDED}
    assert {c.id for c in outcome.state.commands} == {"new", "other evse", "other kind"}
    late = remote_control.decide_answer(outcome.state, "same", True, {}, T0)
    assert late.writes == ()


def test_what_waits_for_its_answer_is_superseded_by_nothing() -> None:
    state = sent(ChangeConfiguration("HeartbeatInterval", "60"))
    outcome = remote_control.decide_offer(
        state, command(ChangeConfiguration("HeartbeatInterval", "90"), "new"), T0
    )
    assert [c.id for c in outcome.state.commands] == ["c1", "new"]


def test_many_open_fates_never_push_out_what_waits_for_its_answer() -> None:
    state = STATE
    for index in range(40):
        state = offered(state, command(Reset(), f"c{index}"))
    for index in range(0, 40, 2):
        state = remote_control.decide_timeout(state, f"c{index}", T0).state
    waiting = [c.id for c in state.commands if c.state is CommandState.SENT]
    assert waiting == [f"c{index}" for index in range(1, 40, 2)]
    assert len(state.commands) == 20 + 16
    assert row(remote_control.decide_answer(state, "c39", True, {}, T0)).state is CommandState.ACCEPTED


STEPS = st.sampled_from(["offer", "accept", "reject", "error", "timeout", "loss", "start"])
AFTER_SENT = frozenset(CommandState) - {CommandState.QUEUED, CommandState.SENT}


@given(st.lists(STEPS, max_size=10))
def test_whatever_happens_a_command_is_sent_once_and_a_final_fate_is_final(steps: list[str]) -> None:
    world = World()
    world.send(start16(minutes(1), 0, tag="ABC"))
    (session,) = world.state.sessions
    state, history = STATE, [CommandState.QUEUED]
    decisions: dict[str, Callable[[PileState], Outcome[Any]]] = {
        "offer": lambda s: remote_control.decide_offer(s, command(), T0),
        "accept": lambda s: remote_control.decide_answer(s, "c1", True, {}, T0),
        "reject": lambda s: remote_control.decide_answer(s, "c1", False, {}, T0),
        "error": lambda s: remote_control.decide_failure(s, "c1", "InternalError", "", T0),
        "timeout": lambda s: remote_control.decide_timeout(s, "c1", T0),
        "loss": lambda s: remote_control.decide_loss(s, "c1", T0),
        "start": lambda s: remote_control.resolve_by_start(s, session, T0),
    }
    for step in steps:
        if step == "offer" and history != [CommandState.QUEUED]:
            continue  # the row is no longer queued: the claim of the store refuses it
        outcome = decisions[step](state)
        state = outcome.state
        history += [written.state for written in outcome.writes if isinstance(written, Command)]
    assert history.count(CommandState.SENT) <= 1 + ("start" in steps)
    final = next((index for index, one in enumerate(history) if one in FINAL), None)
    assert final is None or set(history[final:]) == {history[final]}
    assert set(history[2:]) <= AFTER_SENT | {CommandState.SENT}


# --- the session that a remote start leads to


def waiting(fate: CommandState, remote_start_id: int = 77) -> World:
    world = World()
    one = replace(command(remote_start_id=remote_start_id), state=fate, sent_at=T0)
    world.state = replace(world.state, commands=(one,))
    return world


@pytest.mark.parametrize(
    ("fate", "after"),
    [
        (CommandState.SENT, CommandState.SENT),
        (CommandState.ACCEPTED, CommandState.ACCEPTED),
        (CommandState.TIMED_OUT, CommandState.ACCEPTED),
        (CommandState.UNKNOWN, CommandState.ACCEPTED),
    ],
)
@pytest.mark.parametrize(
    "event",
    [start16(minutes(2), 0, tag="ABC"), started(minutes(2), remote_start_id=77, token=TokenRef("other"))],
)
def test_a_start_that_was_asked_for_settles_its_command(
    fate: CommandState, after: CommandState, event: TransactionEvent
) -> None:
    world = waiting(fate)
    world.send(event)
    (session,) = world.state.sessions
    outcome = remote_control.resolve_by_start(world.state, session, minutes(2))
    assert (row(outcome).state, row(outcome).session_id, row(outcome).error) == (after, 1, "")
    assert remote_control.resolve_by_start(outcome.state, session, minutes(2)).writes == ()


@pytest.mark.parametrize(
    "event",
    [
        start16(minutes(2), 0, tag="OTHER"),
        start16(minutes(2), 0, tag="ABC", connector=2),
        start16(minutes(20), 0, tag="ABC"),  # the same driver, with the card, long after
        start16(minutes(-5), 0, tag="ABC"),
        started(minutes(2), remote_start_id=78, token=TokenRef("abc")),
    ],
)
def test_a_start_that_was_not_asked_for_settles_nothing(event: TransactionEvent) -> None:
    world = waiting(CommandState.TIMED_OUT)
    world.send(event)
    (session,) = world.state.sessions
    assert remote_control.resolve_by_start(world.state, session, minutes(2)).writes == ()


def test_a_car_that_was_plugged_in_before_tells_the_remote_start_in_an_update() -> None:
    """2.0.1 F02: the transaction has begun with the cable."""
    world = waiting(CommandState.TIMED_OUT)
    world.send(started(minutes(-60)))
    world.send(updated(minutes(1), 1, remote_start_id=77))
    (session,) = world.state.sessions
    assert row(remote_control.resolve_by_start(world.state, session, minutes(1))).session_id == 1


def test_of_two_equal_starts_the_newer_led_to_the_session() -> None:
    world = World()
    older = replace(command(command_id="older"), state=CommandState.TIMED_OUT, sent_at=T0)
    newer = replace(command(command_id="newer"), state=CommandState.ACCEPTED, sent_at=minutes(1))
    world.state = replace(world.state, commands=(older, newer))
    world.send(start16(minutes(2), 0, tag="ABC"))
    (session,) = world.state.sessions
    assert row(remote_control.resolve_by_start(world.state, session, minutes(2))).id == "newer"


def test_a_refusal_names_the_registration() -> None:
    state = replace(STATE, pile=replace(PILE, registration=Registration.PENDING))
    assert row(remote_control.decide_offer(state, command(), T0)).error == (
        "the pile's registration is pending: RemoteStart may not be sent"
    )
