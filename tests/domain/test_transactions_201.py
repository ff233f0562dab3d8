"""OCPP 2.x transaction events, one rule each."""

from datetime import timedelta
from decimal import Decimal

import pytest
from msgspec.structs import replace
from tests.domain.world import T0, World, again, ended, flipped, minutes, started, updated, values

from forecourt.domain.pile import EvseStatus
from forecourt.domain.session import Flag, SessionState
from forecourt.domain.tariff_presets import CHINA_TIME_OF_USE
from forecourt.domain.token import TokenRef
from forecourt.domain.transactions import RECENT, must_look_up

TOKEN = TokenRef("04A1B2", "ISO14443")


def charged(*states: str, tariff: bool = False) -> World:
    """Ten minutes of charging on EVSE 1, reported by the pile as Occupied; 1 kWh a minute; open."""
    world = World(CHINA_TIME_OF_USE if tariff else None)
    world.status("Occupied", minutes(-1))
    world.send(started(minutes(0), 0, 1000, token=TOKEN))
    for index, state in enumerate(states or ("Charging",) * 10, start=1):
        world.send(updated(minutes(index), index, 1000 + 1000 * index, charging_state=state))
    return world


def test_a_session_from_start_to_unplugged() -> None:
    world = charged()
    world.send(ended(minutes(11), 11, 12_000, stop_reason="Local"))
    assert world.session.state is SessionState.STOPPED
    world.status("Available", minutes(15))
    session = world.session
    assert (session.state, session.energy_wh, session.stop_reason) == (SessionState.CLOSED, 11_000, "Local")
    assert (session.started_at, session.ended_at, session.closed_at) == (minutes(0), minutes(11), minutes(15))
    assert session.idle == ((minutes(11), minutes(15)),)
    assert session.flags == ()
    assert session.settle_at == minutes(15)
    assert world.state.sessions == ()
    assert world.evses[1].status is EvseStatus.AVAILABLE


@pytest.mark.parametrize("change", [again, flipped])
def test_any_event_sent_again_changes_no_energy_and_no_state(change: type) -> None:
    world = charged("Charging", "SuspendedEV", "Charging")
    events = [
        started(minutes(0), 0, 1000, token=TOKEN),
        updated(minutes(2), 2, 3000, charging_state="SuspendedEV"),
        updated(minutes(3), 3, 4000, charging_state="Charging"),
    ]
    before = world.session
    for event in events:
        world.send(change(event), minutes(4))
    after = world.session
    assert (after.energy_wh, after.readings, after.idle) == (before.energy_wh, before.readings, before.idle)
    assert (after.charging_state, after.started_at, after.state) == ("Charging", T0, SessionState.OPEN)


def test_an_ordinary_update_writes_only_what_it_changes() -> None:
    world = charged()
    row = world.rows[1]
    event = updated(minutes(12), 11, 12_500, charging_state="Charging")
    world.send(event)
    assert world.rows[1] == replace(
        row,
        energy_wh=11_500,
        register_wh=12_500,
        reading_at=minutes(12),
        last_event_at=minutes(12),
        events=12,
        seen=((0, 11),),
    )


def test_a_message_heard_again_keeps_the_session_alive_and_no_more() -> None:
    world = charged()
    before = world.rows[1]
    world.send(again(updated(minutes(10), 10, 11_000, charging_state="Charging")), minutes(99))
    assert world.rows[1] == replace(before, last_event_at=minutes(99))


def test_an_update_after_the_end_reopens_nothing_and_is_merged() -> None:
    world = charged()
    world.send(ended(minutes(11), 12, 12_000))
    world.send(updated(minutes(10.5), 11, 11_500, charging_state="Charging"), minutes(12))
    session = world.session
    assert session.state is SessionState.STOPPED
    assert session.charging_state == "Finishing"
    assert Flag.LATE_EVENTS in session.flags
    assert session.energy_wh == 11_000
    assert len(session.readings) == 13
    assert session.seen == ((0, 12),)


def test_an_update_of_a_closed_session_found_in_the_database_is_merged_and_makes_it_due_again() -> None:
    world = charged()
    world.send(ended(minutes(11), 12, 12_000))
    world.status("Available", minutes(12))
    world.rows[1] = replace(world.rows[1], settle_at=None)  # it has been billed
    late = updated(minutes(10.5), 11, 11_500, charging_state="SuspendedEV", offline=True)
    world.send(late, minutes(90))
    session = world.session
    assert (session.state, session.closed_at) == (SessionState.CLOSED, minutes(12))
    assert session.idle == ((minutes(10.5), minutes(12)),)
    assert session.settle_at == minutes(90)
    assert world.state.sessions == ()
    assert world.looked_up == 1
    assert len(world.state.recent) == 1


def test_an_end_before_its_start_is_kept_and_completed() -> None:
    world = World()
    world.send(ended(minutes(30), 5, 9000, stop_reason="Remote"), minutes(31))
    session = world.session
    assert (session.state, session.flags) == (SessionState.STOPPED, (Flag.MISSING_START,))
    assert session.settle_at is not None
    assert session.settle_at > minutes(60)  # it waits for what is missing
    world.send(started(minutes(0), 0, 1000, token=TOKEN, remote_start_id=7, offline=True), minutes(32))
    session = world.session
    assert (session.started_at, session.ended_at) == (minutes(0), minutes(30))
    assert (session.energy_wh, session.evse_id, session.token_uid) == (8000, 1, TOKEN.uid)
    assert session.remote_start_id == 7
    assert set(session.flags) == {Flag.LATE_EVENTS, Flag.STARTED_OFFLINE}


def test_a_late_start_after_updates_fills_the_hole() -> None:
    world = World()
    world.send(updated(minutes(2), 1, 3000, token=TokenRef("SOMEONE")), minutes(2))
    assert world.session.flags == (Flag.MISSING_START,)
    world.send(started(minutes(0), 0, 1000, token=TOKEN, evse_id=2), minutes(3))
    session = world.session
    assert (session.started_at, session.started_pile_at) == (minutes(0), minutes(0))
    assert (session.evse_id, session.token_uid, session.energy_wh) == (2, TOKEN.uid, 2000)
    assert session.flags == ()
    assert world.evses[2].status is EvseStatus.CHARGING


def test_the_start_begins_the_session_whatever_times_came_before_it() -> None:
    for first in (minutes(-0.5), minutes(3)):
        world = World()
        world.send(updated(first, 1, 1000), minutes(4))
        world.send(started(minutes(0), 0, 1000), minutes(5))
        assert world.session.started_at == minutes(0)


def test_a_sequence_number_that_is_always_0_loses_nothing() -> None:
    world = World()
    world.send(started(minutes(0), 0, 1000))
    for index in range(1, 4):
        world.send(updated(minutes(index), 0, 1000 + index * 500, charging_state="Charging"))
    world.send(updated(minutes(4), 0, 2500, charging_state="SuspendedEV"))
    world.send(updated(minutes(6), 0, 2500, charging_state="Charging"))
    world.send(ended(minutes(7), 0, 3000))
    session = world.session
    assert (session.energy_wh, session.events) == (2000, 7)
    assert session.idle == ((minutes(4), minutes(6)), (minutes(7), None))
    assert session.seen == ((0, 0),)


def test_a_sequence_number_that_begins_anew_after_a_reboot_stops_no_idle_time_from_ending() -> None:
    world = World()
    world.send(started(minutes(0), 0, 1000, charging_state="Charging"))
    for index in range(1, 6):
        world.send(updated(minutes(index), index, 1000, charging_state="SuspendedEV"))
    world.send(updated(minutes(10), 0, 1000, charging_state="Charging"))
    assert world.session.idle == ((minutes(1), minutes(10)),)
    assert world.session.charging_state == "Charging"


def test_the_first_sequence_number_may_be_1_and_meter_values_empty() -> None:
    """Quirk T16."""
    world = World()
    world.send(started(minutes(0), 1))
    world.send(ended(minutes(5), 2, charging_state="Idle"))
    session = world.session
    assert (session.state, session.energy_wh, session.seen) == (SessionState.CLOSED, 0, ((1, 2),))
    assert session.settle_at == minutes(5)  # nothing is missing


def test_a_gap_makes_the_bill_wait_and_its_filling_ends_the_wait() -> None:
    world = charged("Charging")
    world.send(ended(minutes(5), 4, 5000, charging_state="Idle"))
    assert world.session.settle_at == minutes(5) + world.rules.settle_wait
    world.send(updated(minutes(2), 2, 3000), minutes(6))
    world.send(updated(minutes(3), 3, 4000), minutes(7))
    assert world.session.settle_at == minutes(7)


def test_a_pile_that_numbers_wildly_does_not_make_its_session_grow_without_end() -> None:
    world = World()
    world.send(started(minutes(0), 0, 1000))
    for index in range(1, 200):
        world.send(updated(minutes(index), index * 7, 1000 + index))
    assert 2 <= len(world.session.seen) <= 64
    assert world.session.seen[-1] == (1393, 1393)


def test_a_car_that_is_unplugged_by_the_end_is_not_idle_after_it() -> None:
    for more in ({"stop_reason": "EVDisconnected"}, {"charging_state": "Idle"}):
        world = charged("Charging")
        world.send(ended(minutes(5), 2, 5000, **more))
        session = world.session
        assert (session.state, session.closed_at, session.idle) == (SessionState.CLOSED, minutes(5), ())


def test_energy_told_only_after_the_end_is_not_lost() -> None:
    """2.x transaction ids are unique: what names one belongs to it, even if its clock says otherwise."""
    world = charged("Charging")
    world.send(ended(minutes(5), 3))
    world.send(updated(minutes(5.5), 2, 6000), minutes(6))
    assert world.session.energy_wh == 5000


def test_what_an_end_carries_counts_until_the_end() -> None:
    world = charged("Charging")
    world.send(ended(minutes(5), 2, values=values(minutes(5.2), 6000)))
    assert world.session.readings[-1].at == minutes(5)
    assert world.session.energy_wh == 5000


def test_a_second_end_with_the_same_register_does_not_prolong_the_session() -> None:
    world = charged("Charging")
    world.send(ended(minutes(5), 2, 5000))
    world.send(ended(minutes(50), 3, 5000))
    assert world.session.ended_at == minutes(5)
    assert world.session.idle == ((minutes(5), None),)


def test_a_second_end_with_more_energy_is_the_end() -> None:
    world = charged("Charging")
    world.send(ended(minutes(5), 2, 5000))
    world.send(ended(minutes(20), 3, 15_000))
    assert (world.session.ended_at, world.session.energy_wh) == (minutes(20), 14_000)
    assert world.session.idle == ((minutes(20), None),)


# --- what is looked up, what is answered


def test_a_replayed_start_of_a_forgotten_session_is_looked_up() -> None:
    world = World()
    first = started(minutes(0), 0, 1000, tx="first")
    world.send(first)
    world.send(ended(minutes(1), 1, 1000, tx="first", charging_state="Idle"))
    for index in range(RECENT):
        at = 10 + index * 10
        world.send(started(minutes(at), 0, tx=f"tx-{index}"))
        world.send(ended(minutes(at + 5), 1, tx=f"tx-{index}", charging_state="Idle"))
    assert all(recent.transaction_id != "first" for recent in world.state.recent)
    assert must_look_up(world.state, first)
    assert world.send(again(first), minutes(500)).session_id == 1
    assert len(world.sessions) == RECENT + 1
    # A new start costs no question.
    asked = world.looked_up
    world.send(started(minutes(501), 0, tx="new"))
    assert world.looked_up == asked


def test_of_two_evses_the_session_that_started_last_is_the_last_to_be_forgotten() -> None:
    """A long session that closes late must not push out shorter ones that started after it."""
    world = World()
    world.send(started(minutes(0), 0, tx="long", evse_id=2))
    starts = [started(minutes(10 + index * 10), 0, tx=f"tx-{index}") for index in range(RECENT)]
    for event in starts:
        world.send(event)
        assert event.pile_at is not None
        tx, over = event.transaction_id, event.pile_at + timedelta(minutes=5)
        world.send(ended(over, 1, tx=tx, charging_state="Idle"))
    world.send(ended(minutes(400), 1, tx="long", charging_state="Idle"))
    assert all(must_look_up(world.state, event) for event in starts)


def test_an_id_of_0_is_an_id_in_2_x() -> None:
    world = World()
    world.send(started(minutes(0), 0, 1000, tx="0"))
    world.send(ended(minutes(1), 1, 2000, tx="0", charging_state="Idle"))
    world.send(updated(minutes(0.5), 2, 1500, tx="0"), minutes(2))
    assert world.session.energy_wh == 1000
    assert world.session.state is SessionState.CLOSED


def test_the_cost_is_told_at_the_end_and_while_it_is_new() -> None:
    world = charged(tariff=True)
    assert world.session.cost is not None
    reply = world.send(ended(minutes(11), 11, 12_000))
    assert reply.total_cost == world.session.cost > Decimal(10)
    quick = World(CHINA_TIME_OF_USE)
    quick.send(started(minutes(0), 0, 1000))
    assert quick.send(updated(minutes(0.5), 1, 2000)).total_cost is None


def test_a_tariff_that_changed_since_the_start_prices_nothing() -> None:
    world = charged("Charging", tariff=True)
    before = world.session.cost
    world.state = replace(world.state, tariff_version="another")
    reply = world.send(ended(minutes(60), 2, 90_000))
    assert reply.total_cost == before
    assert world.session.tariff_version != "another"


def test_a_session_longer_than_any_price_is_still_ended() -> None:
    world = charged("Charging", tariff=True)
    for year in (1, 2):
        world.send(updated(T0 + timedelta(days=300 * year), 1 + year, 2000 + year))
    world.send(ended(T0 + timedelta(days=900), 4, 3000))
    assert world.session.state is SessionState.STOPPED
    assert world.session.energy_wh == 2000
