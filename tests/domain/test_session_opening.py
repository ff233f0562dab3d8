"""EVSE, token, remote start: 2.x tells each once, in whichever message. And which car was where."""

from tests.domain.world import World, ended, minutes, started, updated

from forecourt.domain.pile import EvseStatus
from forecourt.domain.session import Flag, SessionState
from forecourt.domain.token import TokenRef, TokenStatus

TOKEN = TokenRef("04A1B2", "ISO14443")


def test_a_start_without_an_evse_does_not_take_the_place_of_another_car() -> None:
    """E01.FR.16: the evse is told when the car is plugged in."""
    world = World()
    for evse_id in (1, 2):
        world.status("Available", minutes(-1), evse_id)
    world.send(started(minutes(0), 0, 1000, tx="first"))
    world.send(started(minutes(1), 0, tx="second", evse_id=None, connector_id=None))
    assert world.open_sessions == [1, 2]
    world.send(updated(minutes(2), 1, 500, tx="second", evse_id=2, connector_id=1))
    first, second = world.sessions
    assert (first.state, second.state) == (SessionState.OPEN, SessionState.OPEN)
    assert (first.evse_id, second.evse_id) == (1, 2)
    assert {evse.status for evse in world.evses.values()} == {EvseStatus.CHARGING}


def test_a_start_without_an_evse_on_a_pile_with_one_evse_is_there() -> None:
    world = World()
    world.status("Available", minutes(-1))
    world.send(started(minutes(0), 0, evse_id=None, connector_id=None))
    assert world.session.evse_id == 1
    assert world.evses[1].status is EvseStatus.CHARGING


def test_an_evse_that_turns_out_to_be_taken_is_left_by_the_car_before() -> None:
    world = World()
    for evse_id in (1, 2):
        world.status("Occupied", minutes(-1), evse_id)
    world.send(started(minutes(0), 0, tx="first", evse_id=2))
    world.send(started(minutes(9), 0, tx="second", evse_id=None, connector_id=None))
    world.send(updated(minutes(10), 1, tx="second", evse_id=2, connector_id=1))
    assert [session.state for session in world.sessions] == [SessionState.ABANDONED, SessionState.OPEN]


def test_a_token_that_comes_after_plugging_in_is_the_sessions_and_is_judged() -> None:
    world = World()
    world.send(started(minutes(0), 0))
    world.token_status = TokenStatus.BLOCKED
    reply = world.send(updated(minutes(1), 1, token=TOKEN, remote_start_id=9, reservation_id=3))
    session = world.session
    assert (session.token_uid, session.token_type) == (TOKEN.uid, TOKEN.type)
    assert (session.remote_start_id, session.reservation_id) == (9, 3)
    assert session.flags == (Flag.TOKEN_NOT_ACCEPTED,)
    assert reply.token_status is TokenStatus.BLOCKED


def test_the_token_that_stops_a_session_does_not_pay_for_it() -> None:
    world = World()
    world.send(started(minutes(0), 0, 1000, token=TOKEN))
    world.token_status = TokenStatus.UNKNOWN
    world.send(ended(minutes(5), 2, 5000, token=TokenRef("SOMEONE-ELSE")))
    assert world.session.token_uid == TOKEN.uid
    assert world.session.flags == ()


def test_two_sessions_on_two_evses_do_not_touch_each_other() -> None:
    world = World()
    world.send(started(minutes(0), 0, 1000, tx="left"))
    world.send(started(minutes(1), 0, 7000, tx="right", evse_id=2))
    world.send(updated(minutes(2), 1, 3000, tx="left", evse_id=1))
    world.send(ended(minutes(3), 1, 9000, tx="right", evse_id=2))
    left, right = world.sessions
    assert (left.state, left.energy_wh) == (SessionState.OPEN, 2000)
    assert (right.state, right.energy_wh) == (SessionState.STOPPED, 2000)


def test_the_next_start_closes_what_was_stopped_and_abandons_what_was_not() -> None:
    world = World()
    world.send(started(minutes(0), 0, 1000, tx="first"))
    world.send(ended(minutes(5), 1, 2000, tx="first"))
    world.send(started(minutes(10), 0, 2000, tx="second"))
    world.send(started(minutes(20), 0, 3000, tx="third"))
    first, second, third = world.sessions
    assert (first.state, first.closed_at) == (SessionState.CLOSED, minutes(5))
    assert (second.state, second.flags, second.settle_at) == (SessionState.ABANDONED, (Flag.NO_STOP,), None)
    assert third.state is SessionState.OPEN
    world.send(ended(minutes(18), 1, 2900, tx="second"), minutes(21))
    second = world.sessions[1]
    assert (second.state, second.closed_at, second.energy_wh) == (SessionState.CLOSED, minutes(18), 900)
    assert second.flags == ()
    assert second.settle_at == minutes(21)
    assert world.open_sessions == [3]


def test_an_offline_session_that_is_told_after_the_next_one_began_takes_its_place_before_it() -> None:
    world = World()
    world.send(started(minutes(60), 0, 5000, tx="now"))
    world.send(started(minutes(0), 0, 1000, tx="then", offline=True), minutes(61))
    now, then = world.sessions
    assert (now.state, then.state) == (SessionState.OPEN, SessionState.ABANDONED)
    world.send(ended(minutes(30), 1, 4000, tx="then", offline=True), minutes(62))
    then = world.sessions[1]
    assert (then.state, then.closed_at, then.idle) == (SessionState.CLOSED, minutes(30), ())
    assert world.open_sessions == [1]
    assert world.evses[1].status is EvseStatus.CHARGING


def test_a_status_of_the_pile_itself_is_no_evse_of_a_session() -> None:
    world = World()
    world.send(started(minutes(0), 0, evse_id=None, connector_id=None))
    assert world.session.evse_id == 0
    world.status("Available", minutes(1), evse_id=0)
    assert world.session.flags == ()
    assert [evse for evse in world.evses.values() if evse.evse_id] == []
