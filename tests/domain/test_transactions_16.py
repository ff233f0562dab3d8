"""OCPP 1.6 Start, MeterValues and Stop, one rule each."""

from datetime import timedelta

import pytest
from msgspec.structs import replace
from tests.domain.world import BOOT_1970, World, again, meter16, minutes, start16, stop16, values

from forecourt.domain.pile import EvseStatus
from forecourt.domain.session import Flag, SessionState
from forecourt.domain.transaction_event import TransactionEvent
from forecourt.domain.transactions import RECENT, may_open, must_look_up


def charging(meter: int = 1000) -> World:
    world = World()
    world.status("Preparing", minutes(-1))
    world.send(start16(minutes(0), meter))
    world.status("Charging", minutes(0))
    return world


def test_a_session_from_start_to_available() -> None:
    world = charging()
    world.send(meter16(minutes(1), 2000, tx=1))
    world.send(stop16(minutes(2), 2500, tx=1))
    world.status("Finishing", minutes(2))
    world.status("Available", minutes(6))
    session = world.session
    assert (session.state, session.energy_wh, session.transaction_id) == (SessionState.CLOSED, 1500, "1")
    assert (session.ended_at, session.closed_at) == (minutes(2), minutes(6))
    assert session.idle == ((minutes(2), minutes(6)),)
    assert session.flags == ()


# --- replayed starts (field problem 3)


def test_a_start_sent_again_while_it_runs_gives_the_same_transaction() -> None:
    world = charging()
    start = start16(minutes(0), 1000)
    before = world.state
    for _ in range(4):
        assert world.send(again(start), minutes(1)).transaction_id == "1"
    assert world.state == before


def test_a_start_sent_again_after_the_session_gives_the_same_transaction_and_reopens_nothing() -> None:
    world = charging()
    world.send(stop16(minutes(2), 2500, tx=1))
    for status in ("Finishing", "Available"):
        assert world.send(again(start16(minutes(0), 1000)), minutes(3)).transaction_id == "1"
        world.status(status, minutes(3))
    assert world.send(again(start16(minutes(0), 1000)), minutes(4)).transaction_id == "1"
    assert world.session.state is SessionState.CLOSED
    assert world.session.energy_wh == 1500


@pytest.mark.parametrize(
    "other",
    [
        start16(minutes(0), 1001),
        start16(minutes(1), 1000),
        start16(minutes(0), 1000, tag="TAG2"),
        start16(minutes(0), 1000, connector=2),
    ],
)
def test_a_start_that_differs_gives_a_new_transaction(other: TransactionEvent) -> None:
    world = charging()
    assert world.send(other, minutes(1)).transaction_id == "2"
    assert len(world.sessions) == 2


def test_a_pile_that_always_boots_in_1970_can_charge_every_day() -> None:
    """The key of a new start is that of an ended session: its id and content tell it from a replay."""
    world = World()
    for day in range(3):
        now = minutes(1440 * day)
        start = start16(BOOT_1970, 0, message_id=f"day-{day}", reservation_id=day or None)
        assert world.send(start, now).transaction_id == str(day + 1)
        assert world.send(start, now).transaction_id == str(day + 1)
        world.send(stop16(BOOT_1970, 5000, tx=day + 1, stop_reason=f"day {day}"), now)
        if day == 0:
            world.status("Available", now)
        assert world.send(start, now).transaction_id == str(day + 1)
    assert [session.energy_wh for session in world.sessions] == [5000, 5000, 5000]


def test_a_new_start_that_is_like_one_which_was_stopped_but_not_unplugged_gets_ids_of_its_own() -> None:
    world = World()
    world.send(start16(BOOT_1970, 0, message_id="a"), minutes(0))
    world.send(stop16(BOOT_1970, 5000, tx=1), minutes(30))
    new = start16(BOOT_1970, 0, message_id="b", reservation_id=5)
    assert may_open(world.state, new)
    assert world.send(new, minutes(60)).transaction_id == "2"
    assert [session.state for session in world.sessions] == [SessionState.CLOSED, SessionState.OPEN]


def test_a_start_that_replays_one_long_forgotten_is_looked_up() -> None:
    world = World()
    first = start16(minutes(0), 1000)
    for index in range(RECENT + 1):
        at = index * 10
        world.send(start16(minutes(at), 1000) if index else first)
        world.send(stop16(minutes(at + 5), 2000, tx=index + 1, stop_reason="EVDisconnected"))
    assert must_look_up(world.state, first)
    assert world.send(again(first), minutes(500)).transaction_id == "1"
    assert world.looked_up == 1


def test_a_clock_without_a_date_is_never_taken_for_later_than_what_is_forgotten() -> None:
    world = World()
    for index in range(RECENT + 1):
        at = index * 10
        world.send(start16(minutes(at), 1000))
        world.send(stop16(minutes(at + 5), 2000, tx=index + 1, stop_reason="EVDisconnected"))
    assert must_look_up(world.state, start16(BOOT_1970, 0))
    assert not must_look_up(world.state, start16(minutes(1000), 0))


def test_a_start_from_a_clock_that_was_ahead_is_known_again_after_it_was_set() -> None:
    world = World()
    ahead = start16(minutes(480), 1000)
    world.send(ahead, minutes(0))
    world.send(stop16(minutes(485), 2000, tx=1, stop_reason="EVDisconnected"), minutes(5))
    for index in range(1, RECENT + 2):
        world.send(start16(minutes(index * 10), 2000))
        world.send(stop16(minutes(index * 10 + 5), 2000, tx=index + 1, stop_reason="EVDisconnected"))
    assert world.send(again(ahead), minutes(200)).transaction_id == "1"


# --- stops


@pytest.mark.parametrize("tx", [0, -1, 424242])
def test_a_stop_for_nothing_we_know_is_evidence_and_closes_nothing(tx: int) -> None:
    world = charging()
    event = stop16(minutes(5), 9000, tx=tx)
    for _ in range(2):
        world.send(again(event))
    assert world.open_sessions == [1]
    (kept,) = world.evidence.values()
    assert (kept.reason, kept.action, kept.payload) == (
        "unknown_transaction",
        "StopTransaction",
        event.raw.decode(),
    )
    assert not may_open(world.state, event)


def test_a_stop_sent_again_doubles_nothing() -> None:
    world = charging()
    stop = stop16(minutes(2), 2500, tx=1)
    world.send(stop)
    world.send(again(stop), minutes(3))
    world.status("Available", minutes(4))
    rows = dict(world.rows)
    world.send(again(stop), minutes(5))
    assert world.rows == rows
    assert (world.session.energy_wh, world.session.ended_received_at) == (1500, minutes(2))


def test_a_stop_of_a_session_that_the_next_start_replaced_closes_it_with_its_true_values() -> None:
    """Quirk T10."""
    world = charging()
    world.send(start16(minutes(60), 9000, tag="TAG2"))
    assert [session.state for session in world.sessions] == [SessionState.ABANDONED, SessionState.OPEN]
    assert Flag.NO_STOP in world.sessions[0].flags
    world.send(stop16(minutes(50), 8000, tx=1), minutes(61))
    first, second = world.sessions
    assert (first.state, first.energy_wh, first.closed_at) == (SessionState.CLOSED, 7000, minutes(50))
    assert first.flags == ()
    assert (second.state, second.energy_wh) == (SessionState.OPEN, 0)


def test_a_stop_with_no_register_takes_no_energy_away() -> None:
    for meter_stop in (0, -1):
        world = charging()
        world.send(meter16(minutes(1), 4000, tx=1))
        world.send(stop16(minutes(2), meter_stop, tx=1))
        assert world.session.energy_wh == 3000


def test_the_stop_of_another_day_restarts_no_clock() -> None:
    """A pile that stamps its queue anew when it sends it: the same meterStop, half an hour later."""
    world = charging()
    world.send(stop16(minutes(2), 2500, tx=1))
    world.send(stop16(minutes(32), 2500, tx=1))
    assert world.session.ended_at == minutes(2)
    world.send(stop16(minutes(1), 2500, tx=1))
    assert (world.session.ended_at, world.session.energy_wh) == (minutes(1), 1500)


# --- meter values


def test_meter_values_after_the_stop_are_kept_and_not_billed() -> None:
    """Quirk M14; a pile may go on naming the old transaction while the next car charges."""
    world = charging()
    world.send(stop16(minutes(2), 2500, tx=1))
    world.send(meter16(minutes(9), 60_000, tx=1))
    session = world.session
    assert (session.energy_wh, session.state) == (1500, SessionState.STOPPED)
    assert session.readings[-1].register_wh == 60_000
    assert Flag.LATE_EVENTS in session.flags


def test_meter_values_that_come_late_but_were_measured_before_the_stop_are_merged() -> None:
    world = charging()
    world.send(stop16(minutes(3), 2500, tx=1))
    world.send(meter16(minutes(1), 1800, tx=1), minutes(4))
    assert [reading.register_wh for reading in world.session.readings] == [1000, 1800, 2500]
    assert world.session.energy_wh == 1500


def test_a_stop_cuts_off_what_was_measured_after_it_even_when_it_says_nothing_new() -> None:
    world = charging()
    world.send(meter16(minutes(2), 2500, tx=1))
    world.send(meter16(minutes(9), 60_000, tx=1))
    world.send(stop16(minutes(2), 2500, tx=1), minutes(9))
    assert world.session.energy_wh == 1500


@pytest.mark.parametrize("tx", [None, 0, -1])
def test_meter_values_without_a_transaction_belong_to_what_runs_there(tx: int | None) -> None:
    world = charging()
    world.send(meter16(minutes(1), 3000, tx=tx))
    world.send(meter16(minutes(2), 90_000, tx=tx, connector=2))
    world.send(meter16(minutes(3), 90_000, tx=tx, connector=0))
    assert world.session.energy_wh == 2000
    assert world.readings[2].register_wh == world.readings[0].register_wh == 90_000
    assert not world.evidence


def test_meter_values_from_before_the_start_are_not_the_sessions() -> None:
    world = charging(5000)
    world.send(meter16(minutes(-3), 1000), minutes(1))
    assert world.session.energy_wh == 0
    assert world.session.readings[0].register_wh == 5000


def test_meter_values_of_an_unknown_transaction_are_evidence_and_the_connectors_reading() -> None:
    """Quirk M12."""
    world = charging()
    world.send(meter16(minutes(1), 7000, tx=999_999))
    assert world.readings[1].register_wh == 7000
    assert world.session.energy_wh == 0
    assert [kept.reason for kept in world.evidence.values()] == ["unknown_transaction"]


@pytest.mark.parametrize("register", [-5.0, 1e300, float("nan"), float("inf")])
def test_a_register_that_can_not_be_one_is_no_reading(register: float) -> None:
    world = charging()
    world.send(meter16(minutes(1), register, tx=1))
    world.send(meter16(minutes(2), register), minutes(2))
    world.send(meter16(minutes(3), register, connector=2))
    assert len(world.session.readings) == 1
    world.send(meter16(minutes(4), 1999.6, tx=1))
    assert world.session.energy_wh == 1000


def test_a_jump_beyond_the_pile_waits_for_an_operator_and_goes_when_it_was_a_spike() -> None:
    world = charging()
    world.send(meter16(minutes(1), 5_000_000, tx=1))
    assert Flag.METER_IMPLAUSIBLE in world.session.flags
    world.send(meter16(minutes(2), 3000, tx=1))
    assert world.session.flags == (Flag.METER_DECREASED,)
    world.send(stop16(minutes(3), 4000, tx=1))
    assert world.session.energy_wh == 3000


@pytest.mark.parametrize(
    ("late", "verdict"),
    [
        (meter16(minutes(1.5), 5_000_200, tx=1), Flag.RELEASED),
        (stop16(minutes(4), 5_900_000, tx=1), Flag.METER_IMPLAUSIBLE),
    ],
)
def test_what_an_operator_released_stays_released_until_its_energy_changes(
    late: TransactionEvent, verdict: Flag
) -> None:
    world = charging()
    world.send(meter16(minutes(1), 5_000_000, tx=1))
    world.send(stop16(minutes(2), 5_000_500, tx=1))
    (session,) = world.state.sessions
    assert session.flags == (Flag.METER_IMPLAUSIBLE,)
    released = replace(session, flags=(Flag.RELEASED,))
    world.state = replace(world.state, sessions=(released,))
    world.send(late, minutes(5))
    assert {Flag.RELEASED, Flag.METER_IMPLAUSIBLE}.intersection(world.session.flags) == {verdict}


# --- clocks


def test_a_start_in_the_future_begins_when_it_arrives() -> None:
    world = World()
    world.send(start16(minutes(600), 1000), minutes(0))
    session = world.session
    assert (session.started_at, session.started_pile_at) == (minutes(0), minutes(600))
    assert Flag.PILE_CLOCK_WRONG in session.flags


def test_a_clock_that_is_set_in_mid_session_leaves_times_in_order() -> None:
    world = World()
    world.send(start16(minutes(480), 1000), minutes(0))
    world.send(meter16(minutes(481), 2000, tx=1), minutes(1))
    world.send(meter16(minutes(2), 3000, tx=1), minutes(2))
    world.send(stop16(minutes(3), 4000, tx=1), minutes(3))
    session = world.session
    assert (session.started_at, session.ended_at, session.energy_wh) == (minutes(0), minutes(3), 3000)
    assert [reading.at for reading in session.readings] == [minutes(i) for i in range(4)]


def test_a_clock_that_is_set_back_by_a_day_in_mid_session_takes_no_energy() -> None:
    world = charging()
    day = 1440
    world.send(meter16(minutes(1), 2000, tx=1))
    world.send(meter16(minutes(2 - day), 3000, tx=1), minutes(2))
    world.send(stop16(minutes(3 - day), 4000, tx=1), minutes(3))
    session = world.session
    assert (session.energy_wh, session.ended_at) == (3000, minutes(3))
    assert session.flags == (Flag.PILE_CLOCK_WRONG,)
    assert world.whole(1).readings == session.readings


def test_samples_of_a_pile_without_a_clock_that_was_offline_are_not_older_than_its_start() -> None:
    """The start came an hour late, the stop in time: only it tells how wrong the clock is."""
    world, hour = World(), timedelta(hours=1)
    world.send(start16(BOOT_1970, 1000), minutes(0))
    samples = values(BOOT_1970 + hour / 2, 2000)
    world.send(stop16(BOOT_1970 + hour, 3000, tx=1, values=samples), minutes(1))
    session = world.session
    assert session.energy_wh == 2000
    assert [reading.register_wh for reading in session.readings] == [1000, 2000, 3000]
    assert Flag.METER_DECREASED not in session.flags
    assert world.whole(1).readings == session.readings


def test_a_zombie_is_closed_at_its_last_word_and_can_still_be_stopped() -> None:
    world = charging()
    world.send(meter16(minutes(30), 9000, tx=1))
    world.expire(minutes(60))
    assert world.open_sessions == [1]
    world.expire(minutes(60 * 49))
    session = world.session
    assert (session.state, session.closed_at, session.flags) == (
        SessionState.CLOSED,
        minutes(30),
        (Flag.NO_STOP,),
    )
    assert session.settle_at == minutes(60 * 49)
    assert world.state.sessions == ()
    assert world.evses[1].status is EvseStatus.CHARGING  # what the pile says stands: it reported Charging
    world.send(stop16(minutes(90), 12_000, tx=1), minutes(60 * 50))
    session = world.session
    assert (session.ended_at, session.closed_at, session.energy_wh) == (minutes(90), minutes(90), 11_000)
    assert session.flags == ()
    assert session.idle == ()
    assert session.settle_at == minutes(60 * 50)
