"""Transaction messages on a real store: what memory and database say is the same, whatever is looked up."""

from datetime import timedelta
from typing import cast

import pytest
from msgspec.structs import replace
from tests.domain.world import (
    T0,
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
from tests.services.conftest import Connected, Counted, HandClock

from forecourt.domain import availability, remote_control
from forecourt.domain.availability import StatusReport
from forecourt.domain.command import Command, CommandState, RemoteStart
from forecourt.domain.session import Flag, Session, SessionState
from forecourt.domain.token import Token, TokenRef, TokenStatus
from forecourt.domain.transaction_event import TransactionEvent
from forecourt.services import expiry, network, transactions
from forecourt.services.context import Services

TOKEN = TokenRef("04A1B2", "ISO14443")


async def the_session(sv: Services) -> Session:
    session = await sv.store.session(1)
    assert session is not None
    return session


async def available(pile: Connected, minute: float) -> None:
    pile.clock.at = minutes(minute)
    report = StatusReport(evse_id=1, raw_status="Available", pile_at=minutes(minute))
    await pile.keep(availability.decide(pile.state, report, pile.clock.at, timedelta(hours=24)))


async def test_memory_and_store_agree_after_every_message_and_every_reload(
    sv: Services, pile: Connected
) -> None:
    events = [
        updated(minutes(2), 2, 3000, charging_state="SuspendedEV"),
        started(minutes(0), 0, 1000, token=TOKEN),
        updated(minutes(5), 3, 3000.4, charging_state="Charging"),
        updated(minutes(1), 1, 2000, charging_state="Charging"),
        flipped(updated(minutes(1), 1, 2000, charging_state="Charging")),
        ended(minutes(6), 5, 5000),
        again(updated(minutes(5), 3, 3000.4, charging_state="Charging")),
        updated(minutes(5.5), 4, 4000),
    ]
    for index, event in enumerate(events):
        await pile.send(event, minutes(10 + index))
        stored = await sv.store.pile_state("P1")
        assert stored is not None
        assert stored.sessions == pile.state.sessions
        if index % 2:
            await pile.reconnect()
    await sv.store.compact(10)
    session = await the_session(sv)
    assert session == pile.state.sessions[0]
    assert (session.energy_wh, session.seen, session.events) == (4000, ((0, 5),), 7)
    assert session.idle == ((minutes(2), minutes(5)), (minutes(6), None))


@pytest.mark.parametrize("packed", [False, True])
async def test_a_late_event_of_a_closed_session_is_merged_with_all_that_is_stored(
    sv: Services, pile: Connected, packed: bool
) -> None:
    for event in (started(minutes(0), 0, 1000), updated(minutes(2), 2, 4000)):
        await pile.send(event)
    await pile.send(ended(minutes(3), 3, 5000, charging_state="Idle"))
    if packed:
        assert await sv.store.compact(10)
    assert pile.state.sessions == ()
    await pile.send(updated(minutes(1), 1, 2000, offline=True), minutes(60))
    session = await the_session(sv)
    assert [reading.register_wh for reading in session.readings] == [1000, 2000, 4000, 5000]
    assert (session.energy_wh, session.state) == (4000, SessionState.CLOSED)
    assert Flag.LATE_EVENTS in session.flags
    assert session.settle_at == minutes(60)


async def test_a_replayed_16_start_of_a_closed_session_is_found_and_takes_no_id(
    sv: Services, pile: Connected
) -> None:
    await pile.send(start16(minutes(0), 1000))
    await pile.send(stop16(minutes(1), 2000, tx=1))
    await available(pile, 2)
    await pile.reconnect()
    taken = _taken(sv)
    assert (await pile.send(again(start16(minutes(0), 1000)), minutes(3))).transaction_id == "1"
    assert _taken(sv) == taken
    assert (await pile.send(start16(minutes(4), 1000))).transaction_id == "2"


@pytest.mark.parametrize(
    "event",
    [
        meter16(minutes(1), 5000, connector=2),
        meter16(minutes(1), 5000, tx=99),
        stop16(minutes(1), 5000, tx=99),
        stop16(minutes(1), 5000, tx=-1),
    ],
)
async def test_what_opens_no_session_takes_no_id(
    sv: Services, pile: Connected, event: TransactionEvent
) -> None:
    """Ids of 1.6 are 31 bits: a network whose idle piles tell their meters would be through in months."""
    await pile.send(start16(minutes(0), 1000))
    taken = _taken(sv)
    await pile.send(event)
    assert _taken(sv) == taken


def _taken(sv: Services) -> tuple[int, int]:
    return cast(Counted, sv.session_ids).last, cast(Counted, sv.transaction_ids).last


async def test_a_token_is_asked_for_once_and_its_change_is_seen(sv: Services, pile: Connected) -> None:
    await network.put_token(sv, Token(uid="04a1b2"), "test")
    assert (await pile.send(started(minutes(0), token=TOKEN))).token_status is TokenStatus.ACCEPTED
    await network.put_token(sv, Token(uid="04A1B2", status=TokenStatus.BLOCKED), "test")
    reply = await pile.send(updated(minutes(1), 1, token=TOKEN))
    assert reply.token_status is TokenStatus.BLOCKED


async def test_an_update_that_names_our_remote_start_settles_the_command(
    sv: Services, pile: Connected
) -> None:
    command = Command(
        id="c1",
        pile_id="P1",
        request=RemoteStart(TOKEN.uid),
        created_at=T0,
        expires_at=minutes(1),
        remote_start_id=7,
        state=CommandState.SENT,
        sent_at=T0,
    )
    pile.state = remote_control.decide_timeout(replace(pile.state, commands=(command,)), "c1", T0).state
    await pile.send(started(minutes(0)))
    await pile.send(updated(minutes(1), 1, remote_start_id=7))
    stored = await sv.store.command("c1")
    assert stored is not None
    assert (stored.state, stored.session_id) == (CommandState.ACCEPTED, 1)


async def test_the_time_of_the_connection_is_known_and_a_gap_in_it_is_no_witness(
    sv: Services, pile: Connected
) -> None:
    assert pile.state.connected_at == T0
    await pile.send(started(minutes(0), 0, 1000))
    await pile.send(ended(minutes(5), 1, 2000))
    pile.clock.at = minutes(95)
    await pile.reconnect()
    assert pile.state.connected_at == minutes(95)
    await available(pile, 96)
    assert (await the_session(sv)).closed_at == minutes(5)


# --- zombies (field problem 21)


async def test_a_silent_session_of_a_connected_pile_is_closed_in_its_mailbox(
    sv: Services, pile: Connected
) -> None:
    await pile.send(started(minutes(0), 0, 1000))
    await pile.send(updated(minutes(9), 1, 3000))
    later = T0 + timedelta(days=3)
    await pile.keep(transactions.expire(sv, pile.state, later))
    session = await the_session(sv)
    assert (session.state, session.closed_at, session.energy_wh) == (SessionState.CLOSED, minutes(9), 2000)
    assert session.settle_at == later


async def test_a_silent_session_of_a_pile_that_never_came_back_is_closed_by_the_job(
    sv: Services, pile: Connected, clock: HandClock
) -> None:
    await pile.send(started(minutes(0), 0, 1000))
    clock.at = T0 + timedelta(days=3)
    await expiry.expire_offline(sv)
    assert (await the_session(sv)).state is SessionState.OPEN  # it is connected: its mailbox knows better
    await sv.store.disconnect_pile("P1", pile.generation, clock.at)
    await expiry.expire_offline(sv)
    session = await the_session(sv)
    assert (session.state, session.flags) == (SessionState.CLOSED, (Flag.NO_STOP,))
    await pile.reconnect()
    await pile.send(ended(minutes(30), 1, 9000), clock.at)
    session = await the_session(sv)
    assert (session.ended_at, session.energy_wh, session.flags) == (minutes(30), 8000, ())
