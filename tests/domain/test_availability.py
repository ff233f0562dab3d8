"""StatusNotification: what an EVSE can do, and what that says of its sessions."""

from datetime import timedelta

import pytest
from msgspec.structs import replace
from tests.domain.world import BOOT_1970, World, ended, meter16, minutes, start16, started, stop16, updated

from forecourt.domain.pile import EvseStatus
from forecourt.domain.session import Flag, SessionState
from forecourt.domain.tariff_presets import CHINA_TIME_OF_USE


def charging16() -> World:
    world = World()
    world.status("Preparing", minutes(-1))
    world.send(start16(minutes(0), 1000))
    world.status("Charging", minutes(0))
    return world


@pytest.mark.parametrize(
    ("raw", "free", "in_session"),
    [
        ("Available", EvseStatus.AVAILABLE, EvseStatus.CHARGING),
        ("Preparing", EvseStatus.CHARGING, EvseStatus.CHARGING),
        ("Charging", EvseStatus.CHARGING, EvseStatus.CHARGING),
        ("SuspendedEV", EvseStatus.CHARGING, EvseStatus.CHARGING),
        ("SuspendedEVSE", EvseStatus.CHARGING, EvseStatus.CHARGING),
        ("Occupied", EvseStatus.BLOCKED, EvseStatus.CHARGING),
        ("Finishing", EvseStatus.BLOCKED, EvseStatus.BLOCKED),
        ("Reserved", EvseStatus.RESERVED, EvseStatus.RESERVED),
        ("Unavailable", EvseStatus.INOPERATIVE, EvseStatus.INOPERATIVE),
        ("Faulted", EvseStatus.OUTOFORDER, EvseStatus.OUTOFORDER),
        ("Whatever", EvseStatus.UNKNOWN, EvseStatus.UNKNOWN),
    ],
)
def test_the_words_of_the_standards_in_ours(raw: str, free: EvseStatus, in_session: EvseStatus) -> None:
    world = World()
    world.status(raw, minutes(0))
    assert (world.evses[1].status, world.evses[1].raw_status) == (free, raw)
    world = World()
    world.send(started(minutes(0)))
    world.status(raw, minutes(1))
    assert world.evses[1].status is in_session


def test_of_two_plugs_the_busy_one_tells() -> None:
    world = World()
    world.status("Available", minutes(0), connector_id=1)
    world.status("Occupied", minutes(1), connector_id=2)
    world.send(started(minutes(1), connector_id=2))
    world.status("Available", minutes(2), connector_id=1)
    assert (world.evses[1].raw_status, world.session.flags) == ("Occupied", ())
    world.send(ended(minutes(3), 1))
    world.status("Available", minutes(4), connector_id=2)
    assert world.session.state is SessionState.CLOSED
    assert world.evses[1].connectors == {1: "Available", 2: "Available"}


def test_the_time_of_a_status_is_when_it_arrived_whatever_the_pile_says() -> None:
    """Quirks S04 and S06: a stamp from 1970 or the future freezes nothing."""
    world = World()
    world.status("Charging", minutes(0), pile_at=minutes(120))
    world.status("Available", minutes(1), pile_at=BOOT_1970)
    evse = world.evses[1]
    assert (evse.status, evse.since, evse.received_at) == (EvseStatus.AVAILABLE, minutes(1), minutes(1))
    assert evse.pile_at == BOOT_1970


def test_the_same_status_again_is_not_a_change() -> None:
    world = World()
    world.status("Available", minutes(0))
    world.status("Available", minutes(5))
    assert (world.evses[1].since, world.evses[1].received_at) == (minutes(0), minutes(5))


def test_available_while_a_session_runs_proves_nothing_and_a_late_stop_settles_it() -> None:
    """Quirk S10."""
    world = charging16()
    world.status("Available", minutes(5))
    assert (world.session.state, world.session.flags) == (SessionState.OPEN, (Flag.AVAILABLE_WHILE_OPEN,))
    world.status("Available", minutes(6))
    world.send(stop16(minutes(4), 3000, tx=1), minutes(60))
    session = world.session
    assert (session.state, session.energy_wh, session.closed_at) == (SessionState.CLOSED, 2000, minutes(4))
    assert (session.flags, session.idle) == ((), ())


# --- idle time of OCPP 1.6, which is told by statuses


def test_idle_time_that_flaps_is_counted_exactly() -> None:
    world = charging16()
    for minute, raw in [
        (1, "SuspendedEV"),
        (2, "Charging"),
        (3, "SuspendedEV"),
        (4, "SuspendedEV"),
        (5, "Charging"),
    ]:
        world.status(raw, minutes(minute))
    world.status("SuspendedEVSE", minutes(6))
    world.status("Charging", minutes(7))
    assert world.idle == [(minutes(1), minutes(2)), (minutes(3), minutes(5))]
    world.reload()
    world.send(stop16(minutes(8), 3000, tx=1))
    world.status("Finishing", minutes(8))
    world.status("Available", minutes(9))
    assert world.idle == [(minutes(1), minutes(2)), (minutes(3), minutes(5)), (minutes(8), minutes(9))]


def test_a_pause_that_goes_over_into_the_stop_is_one_idle_time() -> None:
    world = charging16()
    world.status("SuspendedEV", minutes(1))
    world.send(stop16(minutes(8), 3000, tx=1))
    world.status("Available", minutes(9))
    assert world.idle == [(minutes(1), minutes(9))]


def test_a_fault_is_not_the_drivers_idle_time() -> None:
    world = charging16()
    world.status("SuspendedEV", minutes(1))
    world.status("Faulted", minutes(2))
    world.status("SuspendedEV", minutes(5))
    world.send(stop16(minutes(6), 3000, tx=1))
    world.status("Faulted", minutes(7))
    world.status("Finishing", minutes(30))
    world.status("Available", minutes(31))
    assert world.idle == [(minutes(1), minutes(2)), (minutes(5), minutes(7)), (minutes(30), minutes(31))]


def test_a_status_of_the_former_charge_says_nothing_of_a_stopped_session() -> None:
    world = charging16()
    world.send(stop16(minutes(5), 3000, tx=1))
    world.status("Charging", minutes(6))
    world.status("SuspendedEV", minutes(7))
    assert world.idle == [(minutes(5), None)]


def test_in_doubt_idle_time_begins_by_our_clock_and_ends_by_the_piles() -> None:
    """Statuses out of a queue: what they say is right, when they arrive is late. Until then it costs."""
    world = charging16()
    world.status("SuspendedEV", minutes(5), pile_at=minutes(5))
    world.status("Charging", minutes(60), pile_at=minutes(7))
    assert world.idle == [(minutes(5), minutes(7))]
    world.status("SuspendedEV", minutes(60), pile_at=minutes(30))
    world.status("Charging", minutes(60), pile_at=minutes(40))
    assert world.idle == [(minutes(5), minutes(7))]


# --- when the car is gone


def test_idle_time_after_the_stop_counts_until_the_connector_is_free() -> None:
    world = charging16()
    world.send(stop16(minutes(5), 3000, tx=1))
    world.status("Available", minutes(65))
    assert world.idle == [(minutes(5), minutes(65))]


def test_a_stop_out_of_a_queue_has_no_witness_for_the_time_after_it() -> None:
    world = charging16()
    world.send(stop16(minutes(30), 3000, tx=1), minutes(120))
    world.status("Available", minutes(121))
    assert (world.session.closed_at, world.session.idle) == (minutes(30), ())


def test_a_pile_that_was_away_when_the_car_left_is_no_witness() -> None:
    world = charging16()
    world.send(stop16(minutes(5), 3000, tx=1))
    world.status("Finishing", minutes(5))
    world.state = replace(world.state, connected_at=minutes(95))
    world.status("Available", minutes(96))
    assert (world.session.closed_at, world.session.idle) == (minutes(5), ())


def test_a_pile_that_says_after_an_outage_that_the_car_is_still_there_is_a_witness() -> None:
    world = charging16()
    world.send(stop16(minutes(5), 3000, tx=1))
    world.state = replace(world.state, connected_at=minutes(95))
    world.status("Finishing", minutes(96))
    world.status("Available", minutes(100))
    assert world.idle == [(minutes(5), minutes(100))]


def test_the_stamp_of_a_free_connector_is_believed_when_it_is_earlier() -> None:
    world = charging16()
    world.send(stop16(minutes(5), 3000, tx=1))
    world.status("Available", minutes(60), pile_at=minutes(9))
    assert world.session.closed_at == minutes(9)


def test_a_session_that_is_not_stopped_by_the_time_the_connector_is_free_closes_at_its_stop() -> None:
    world = World()
    world.status("Occupied", minutes(-1))
    world.send(started(minutes(0), 0, 1000))
    world.status("Available", minutes(10))
    world.send(ended(minutes(9.9), 1, 3000), minutes(10))
    assert (world.session.state, world.session.closed_at) == (SessionState.CLOSED, minutes(9.9))
    assert world.session.flags == ()


def test_a_closed_session_is_priced_with_its_idle_time() -> None:
    world = World(CHINA_TIME_OF_USE)
    world.status("Occupied", minutes(-1))
    world.send(started(minutes(0), 0, 1000))
    at_end = world.send(ended(minutes(30), 1, 31_000)).total_cost
    world.status("Available", minutes(90))
    assert at_end is not None
    assert world.session.cost == at_end + 45  # an hour less 15 minutes of grace, at 1.00 a minute


def test_a_closed_session_gives_its_evse_back_and_is_remembered() -> None:
    world = World()
    world.status("Occupied", minutes(-1))
    world.send(started(minutes(0)))
    world.expire(minutes(0) + timedelta(days=3))
    assert world.evses[1].status is EvseStatus.BLOCKED
    assert [recent.transaction_id for recent in world.state.recent] == ["tx-1"]


def test_an_abandoned_session_is_not_closed_by_the_next_cars_leaving() -> None:
    world = charging16()
    world.send(start16(minutes(60), 9000, tag="TAG2"))
    world.send(stop16(minutes(70), 9500, tx=2))
    world.status("Available", minutes(75))
    assert [s.state for s in world.sessions] == [SessionState.ABANDONED, SessionState.CLOSED]
    world.send(meter16(minutes(50), 8000, tx=1), minutes(76))
    world.send(stop16(minutes(55), 8500, tx=1), minutes(77))
    assert (world.sessions[0].state, world.sessions[0].energy_wh) == (SessionState.CLOSED, 7500)


def test_a_2_x_session_takes_its_idle_time_from_its_own_events() -> None:
    world = World()
    world.status("Occupied", minutes(-1))
    world.send(started(minutes(0), charging_state="Charging"))
    world.send(updated(minutes(5), 1, charging_state="SuspendedEV"))
    world.status("Occupied", minutes(6))
    world.status("Faulted", minutes(7))
    assert world.session.charging_state == "SuspendedEV"
    assert world.idle == [(minutes(5), None)]
    world.send(ended(minutes(10), 2))
    world.status("Faulted", minutes(11))
    assert world.idle == [(minutes(5), minutes(11))]
