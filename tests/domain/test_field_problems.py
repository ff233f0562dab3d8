"""Problems that charging back-ends have had in the field, by their number in the list that the project was founded on.

What needs a socket, a database or a process (1, 6–11, 13, 15, 19, 23) is tested where those are; what is here is decided
in memory. Each test has a one-line account of the problem.
"""

from datetime import timedelta
from decimal import Decimal

import pytest
from msgspec.structs import replace
from tests.domain.world import (
    BOOT_1970,
    T0,
    World,
    again,
    ended,
    flipped,
    meter16,
    minutes,
    start16,
    started,
    stop16,
    updated,
)

from forecourt.domain import remote_control
from forecourt.domain.billing import usage_of
from forecourt.domain.cdr import Billable, Cdr, CdrToken, issue, supersede
from forecourt.domain.command import Command, CommandState, RemoteStart
from forecourt.domain.pile import EvseStatus, Registration
from forecourt.domain.price import price, quote
from forecourt.domain.session import NEEDS_REVIEW, Flag, SessionState
from forecourt.domain.tariff import Element, Tariff
from forecourt.domain.tariff_presets import CHINA_TIME_OF_USE
from forecourt.domain.token import TokenRef, TokenStatus


def test_02_retries_do_not_double_count() -> None:
    """A lost answer makes the pile send it all again: no row, no reading, no Wh twice."""
    world = World()
    messages = [
        start16(minutes(0), 1000),
        meter16(minutes(1), 2000, tx=1),
        meter16(minutes(2), 3000, tx=1),
        stop16(minutes(3), 4000, tx=1),
    ]
    for message in messages:
        world.send(message)
        world.send(again(message), minutes(4))
    tail = dict(world.tail)
    for message in messages:
        world.send(again(message, "once more"), minutes(5))
    session = world.session
    assert (session.energy_wh, len(session.readings), session.events) == (3000, 4, 4)
    assert world.tail == tail


def test_03_a_replayed_start_is_the_same_transaction_and_a_changed_one_is_not() -> None:
    """A pile got a second transaction for a start whose answer was lost, and stopped only one of them."""
    world = World()
    first = world.send(start16(minutes(0), 1000))
    assert world.send(again(start16(minutes(0), 1000)), minutes(1)) == first
    changed = world.send(start16(minutes(2), 1010), minutes(2))
    assert changed.transaction_id != first.transaction_id


@pytest.mark.parametrize("tx", [0, -1, 987_654])
def test_04_a_stop_or_meter_values_for_nothing_we_know_are_answered_and_kept(tx: int) -> None:
    """Refused, a pile repeats them for ever; dropped, the evidence is gone."""
    world = World()
    world.send(start16(minutes(0), 1000))
    world.send(stop16(minutes(1), 5000, tx=tx))
    world.send(meter16(minutes(1), 5000, tx=tx, connector=2))
    assert [kept.action for kept in world.evidence.values()].count("StopTransaction") == 1
    assert world.readings[2].register_wh == 5000
    assert world.open_sessions == [1]


def test_05_late_and_out_of_order_events_are_merged_and_an_update_after_the_end_reopens_nothing() -> None:
    """Offline events were applied as live ones, or thrown away; an Updated after Ended gave an endless session."""
    world = World()
    world.send(started(minutes(0), 0, 1000))
    world.send(ended(minutes(30), 4, 9000))
    for event in (updated(minutes(20), 3, 7000, offline=True), updated(minutes(10), 2, 4000, offline=True)):
        world.send(event, minutes(31))
    session = world.session
    assert session.state is SessionState.STOPPED
    assert [reading.register_wh for reading in session.readings] == [1000, 4000, 7000, 9000]
    assert session.settle_at is not None
    assert session.settle_at > minutes(60)  # number 1 is still missing
    world.send(updated(minutes(5), 1, 2000, offline=True), minutes(32))
    assert world.session.seen == ((0, 4),)


def test_12_nothing_is_sent_to_a_pile_before_its_boot_is_accepted() -> None:
    """Piles dropped the line, or the command, when a call came before the answer to their boot."""
    for registration in Registration:
        world = World()
        world.state = replace(world.state, pile=replace(world.state.pile, registration=registration))
        command = Command(
            id="c", pile_id="P1", request=RemoteStart("T"), created_at=T0, expires_at=minutes(1)
        )
        sent = remote_control.decide_offer(world.state, command, T0).reply
        assert (sent is not None) == (registration is Registration.ACCEPTED)


def test_14_first_contact_in_any_order_makes_its_rows() -> None:
    """Statuses of several connectors within 40 ms of the boot were acknowledged and dropped; later starts were refused."""
    world = World()
    for evse_id in (2, 0, 1):
        world.status("Available", minutes(0), evse_id)
    world.send(started(minutes(0), evse_id=3))
    assert {evse_id: evse.status for evse_id, evse in world.evses.items()} == {
        0: EvseStatus.AVAILABLE,
        1: EvseStatus.AVAILABLE,
        2: EvseStatus.AVAILABLE,
        3: EvseStatus.CHARGING,
    }


@pytest.mark.parametrize(
    "error", [BOOT_1970 - T0, timedelta(hours=8), timedelta(days=3650), timedelta(days=-1000)]
)
def test_16_clocks_lie(error: timedelta) -> None:
    """1970, local time as UTC, the future: no session is endless, no stop is refused, no energy is lost."""
    world = World()
    world.send(start16(T0 + error, 1000), minutes(0))
    world.send(meter16(minutes(10) + error, 3000, tx=1), minutes(10))
    world.send(stop16(minutes(20) + error, 5000, tx=1), minutes(20))
    session = world.session
    assert (session.started_at, session.ended_at) == (minutes(0), minutes(20))
    assert (session.started_pile_at, session.ended_pile_at) == (T0 + error, minutes(20) + error)
    assert session.energy_wh == 4000
    assert Flag.PILE_CLOCK_WRONG in session.flags


def test_17_a_lifetime_register_among_session_energy_is_not_billed_unseen() -> None:
    """The register of the pile's whole life was sent as the energy of one session."""
    world = World(CHINA_TIME_OF_USE)
    world.send(start16(minutes(0), 0))
    world.send(meter16(minutes(10), 5_000_000, tx=1))
    world.send(stop16(minutes(20), 5_020_000, tx=1))
    assert NEEDS_REVIEW.intersection(world.session.flags)
    mixed = World()
    mixed.send(start16(minutes(0), 5_000_000))
    for index in range(1, 5):
        mixed.send(meter16(minutes(index), index * 5000, tx=1))
    mixed.send(stop16(minutes(5), 5_020_000, tx=1))
    assert mixed.session.energy_wh == 20_000
    assert not NEEDS_REVIEW.intersection(mixed.session.flags)


def test_18_what_is_odd_is_flagged_and_kept_not_refused() -> None:
    """Accept anything and the data rots; refuse everything and transactions are lost."""
    world = World()
    world.token_status = TokenStatus.BLOCKED
    world.send(
        started(minutes(0), 3, 1000, token=TokenRef("STOLEN"), offline=True, repairs=("null",)), minutes(5)
    )
    world.send(ended(minutes(4), 9, 500), minutes(5))
    assert set(world.session.flags) == {
        Flag.TOKEN_NOT_ACCEPTED,
        Flag.STARTED_OFFLINE,
        Flag.MESSAGE_REPAIRED,
        Flag.METER_DECREASED,
    }
    assert world.session.energy_wh == 0


BY_TIME = Tariff(
    id="T",
    name="t",
    currency="CNY",
    elements=(Element(time_per_minute=Decimal("0.50"), idle_per_minute=Decimal("1.00")),),
)


def test_20_one_engine_prices_the_running_session_the_end_and_the_cdr() -> None:
    """Cost on the pile's screen, in the app and on the bill came from three computations; idle minutes were charged twice."""
    world = World(BY_TIME)
    world.status("Occupied", minutes(-1))
    world.send(started(minutes(0), 0, 1000, charging_state="Charging"))
    world.send(updated(minutes(10), 1, 5000, charging_state="SuspendedEV"))
    reply = world.send(ended(minutes(30), 2, 5000, charging_state="Idle"))
    session = world.session
    usage = usage_of(session, "Asia/Shanghai", 600_000, minutes(99))
    found = price(BY_TIME, usage)
    assert (found.charging_seconds, found.idle_seconds) == (600, 1200)
    assert reply.total_cost == session.cost == found.total_incl_tax == cdr_of(world).price.total_incl_tax
    quoted = quote(CHINA_TIME_OF_USE, T0, "Asia/Shanghai", 10_000, 60_000)
    driven = World(CHINA_TIME_OF_USE)
    driven.send(started(minutes(0), 0, 0))
    assert driven.send(ended(minutes(10), 1, 10_000)).total_cost == quoted.total_incl_tax


def billable(world: World) -> Billable:
    session = world.session
    assert world.state.tariff is not None
    return Billable(
        session_id=session.id,
        station_id=session.station_id,
        pile_id=session.pile_id,
        evse_id=session.evse_id,
        connector_id=session.connector_id,
        token=CdrToken("****", ""),
        usage=usage_of(session, "Asia/Shanghai", 600_000, session.last_event_at),
        tariff=world.state.tariff,
    )


def cdr_of(world: World) -> Cdr:
    return issue(billable(world), minutes(999))


def test_21_a_session_nobody_stops_ends_and_its_place_is_free_again() -> None:
    """Zombie sessions ran for weeks, and the token counted as charging (ConcurrentTx) ever after."""
    world = World()
    world.send(start16(minutes(0), 1000))
    world.send(meter16(minutes(30), 4000, tx=1))
    world.expire(minutes(0) + timedelta(days=3))
    session = world.session
    assert (session.state, session.closed_at, session.energy_wh) == (
        SessionState.CLOSED,
        minutes(30),
        3000,
    )
    assert Flag.NO_STOP in session.flags
    world.send(start16(minutes(9000), 4000))
    assert world.open_sessions == [2]
    world.send(start16(minutes(9100), 5000))
    assert world.open_sessions == [3]


def test_22_a_remote_start_without_an_answer_may_have_happened() -> None:
    """The driver was told that it failed, tried the next pile, and paid for both."""
    world = World()
    request = RemoteStart("TAG1", 1)
    command = Command(
        id="c", pile_id="P1", request=request, created_at=T0, expires_at=minutes(1), remote_start_id=5
    )
    state = remote_control.decide_offer(world.state, command, T0).state
    timed_out = remote_control.decide_timeout(state, "c", minutes(0.5))
    world.state = timed_out.state
    world.send(start16(minutes(2), 1000))
    (resolved,) = remote_control.resolve_by_start(world.state, world.state.sessions[0], minutes(2)).writes
    assert (resolved.state, resolved.session_id) == (CommandState.ACCEPTED, 1)


def test_22_what_is_taken_back_is_taken_back_once() -> None:
    """Refunds were given twice: a correction is made of what changed, and the same again changes nothing."""
    world = World(CHINA_TIME_OF_USE)
    world.send(started(minutes(0), 0, 1000))
    world.send(ended(minutes(10), 2, 9000, charging_state="Idle"))
    first = cdr_of(world)
    assert supersede(first, billable(world), minutes(999)) is None
    world.send(flipped(ended(minutes(10), 2, 9000, charging_state="Idle")), minutes(20))
    assert supersede(first, billable(world), minutes(999)) is None
    world.send(ended(minutes(12), 3, 9500, charging_state="Idle"), minutes(21))
    corrected = supersede(first, billable(world), minutes(999))
    assert corrected is not None
    credit, new = corrected
    assert credit.price.total_incl_tax == -first.price.total_incl_tax
    assert new.energy_wh == 8500


def test_25_a_first_status_without_an_evse_row_makes_one_and_reserved_is_not_for_ever() -> None:
    """A boot was accepted without a row, the status had nowhere to go; a lapsed reservation left the connector Reserved."""
    world = World()
    seen = []
    for minute, status in enumerate(["Reserved", "Available", "Reserved"]):
        world.status(status, minutes(minute), evse_id=2)
        seen.append(world.evses[2].status)
    assert seen == [EvseStatus.RESERVED, EvseStatus.AVAILABLE, EvseStatus.RESERVED]
    world.send(started(minutes(6)))
    assert (world.evses[1].status, world.evses[2].status) == (EvseStatus.CHARGING, EvseStatus.RESERVED)
