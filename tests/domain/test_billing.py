"""From a session to what is priced."""

from datetime import datetime, timedelta

import pytest
from msgspec.structs import replace
from tests.domain.world import T0, World, ended, meter16, minutes, start16, started, stop16, updated

from forecourt.domain.billing import live_cost, priced, usage_of
from forecourt.domain.session import Session
from forecourt.domain.tariff_presets import CHINA_TIME_OF_USE


def charging() -> World:
    world = World(CHINA_TIME_OF_USE)
    world.status("Occupied", minutes(-1))
    world.send(started(minutes(0), 0, 1000, charging_state="Charging"))
    world.send(updated(minutes(10), 1, 11_000, charging_state="SuspendedEV"))
    return world


def usage(session: Session, now: datetime) -> tuple[datetime, datetime, int, list[tuple[datetime, datetime]]]:
    found = usage_of(session, "Asia/Shanghai", 600_000, now)
    return found.start, found.end, len(found.readings), list(found.idle)


def test_a_running_session_is_used_until_now() -> None:
    session = charging().session
    assert usage(session, minutes(12)) == (T0, minutes(12), 2, [(minutes(10), minutes(12))])
    # What was asked before the session heard of its idle time is not negative.
    assert usage(session, minutes(9)) == (T0, minutes(9), 2, [])
    assert usage(session, minutes(-5)) == (T0, T0, 2, [])


def test_a_stopped_session_is_used_until_its_end_and_a_closed_one_until_the_car_was_gone() -> None:
    world = charging()
    world.send(ended(minutes(20), 2, 11_000))
    assert usage(world.session, minutes(99)) == (T0, minutes(20), 3, [(minutes(10), minutes(20))])
    world.status("Available", minutes(30))
    assert usage(world.session, minutes(99)) == (T0, minutes(30), 3, [(minutes(10), minutes(30))])


def test_what_is_billed_leaves_out_glitches_and_what_was_measured_after_a_stop() -> None:
    world = World()
    world.send(start16(minutes(0), 1000))
    world.send(meter16(minutes(1), 0, tx=1))
    world.send(meter16(minutes(2), 3000, tx=1))
    world.send(stop16(minutes(3), 4000, tx=1))
    world.send(meter16(minutes(9), 60_000, tx=1))
    found = usage_of(world.session, "UTC", 600_000, minutes(9))
    assert [reading.register_wh for reading in found.readings] == [1000, 3000, 4000]


def test_the_cost_is_of_the_tariff_that_the_session_began_with_or_none_at_all() -> None:
    world = charging()
    (session,) = world.state.sessions
    cost = live_cost(CHINA_TIME_OF_USE, session, "Asia/Shanghai", 600_000, minutes(12))
    assert priced(world.state, session, minutes(12)) == replace(session, cost=cost, cost_at=minutes(12))
    for state in (
        replace(world.state, tariff=None, tariff_version=""),
        replace(world.state, tariff_version="CN-TOU-EXAMPLE@another"),
    ):
        assert priced(state, session, minutes(12)) is session


@pytest.mark.parametrize("years", [2, 40])
def test_what_no_engine_prices_keeps_the_cost_it_had(years: int) -> None:
    world = charging()
    (session,) = world.state.sessions
    assert priced(world.state, session, T0 + timedelta(days=365 * years)) is session


@pytest.mark.parametrize(("lead", "named"), [(timedelta(0), True), (timedelta(seconds=1), False)])
def test_a_tariff_that_is_not_in_force_at_the_start_is_not_the_sessions(lead: timedelta, named: bool) -> None:
    world = World(replace(CHINA_TIME_OF_USE, valid_from=T0 + lead))
    world.send(started(minutes(0), 0, 1000))
    world.send(ended(minutes(10), 1, 9000))
    assert bool(world.session.tariff_version) == named
    assert (world.session.cost is not None) == named
