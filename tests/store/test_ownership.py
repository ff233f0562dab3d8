"""DESIGN §4: who holds a pile, and the state that is loaded when it connects."""

import asyncio
from typing import Any

import pytest
from msgspec.structs import replace
from tests.store import samples
from tests.store.samples import after, entry, session

from forecourt.domain.command import CommandState
from forecourt.domain.pile import Pile
from forecourt.domain.reading import Reading
from forecourt.domain.session import RecentSession, SessionState
from forecourt.domain.tariff_version import version_of
from forecourt.store.records import Owner, PileRecord
from forecourt.store.store import Store
from forecourt.store.work import Connect, Status, Unit


async def connected(store: Store, pile_id: str = "pile-1", seconds: float = 0) -> PileRecord:
    record = await store.connect_pile(pile_id, "gw-1", "2.0.1", "192.0.2.1", after(seconds))
    assert record is not None
    return record


async def owner_of(store: Store, pile_id: str) -> Owner:
    detail = await store.pile_detail(pile_id)
    assert detail is not None
    return detail.owner


async def test_a_pile_that_nobody_knows_is_not_connected(network: Store) -> None:
    assert await network.connect_pile("pile-9", "gw-1", "1.6", "192.0.2.1", samples.NOW) is None
    assert await network.pile_state("pile-9") is None


async def test_every_connection_has_the_next_generation(network: Store) -> None:
    assert [(await connected(network)).generation for _ in range(3)] == [1, 2, 3]
    assert (await connected(network, "pile-2")).generation == 1
    found = await owner_of(network, "pile-1")
    assert found == Owner(
        pile_id="pile-1",
        generation=3,
        gateway_id="gw-1",
        online=True,
        connected_at=samples.NOW,
        version="2.0.1",
        address="192.0.2.1",
    )


async def test_two_connections_of_a_pile_at_once_are_two_generations(network: Store) -> None:
    records = await asyncio.gather(*[connected(network) for _ in range(5)])
    assert sorted(record.generation for record in records) == [1, 2, 3, 4, 5]


async def test_a_late_close_of_an_old_connection_changes_nothing(network: Store) -> None:
    old = await connected(network)
    new = await connected(network, seconds=5)
    await network.disconnect_pile("pile-1", old.generation, after(6))
    assert (await owner_of(network, "pile-1")).online
    await network.disconnect_pile("pile-1", new.generation, after(7))
    await network.disconnect_pile("pile-1", new.generation, after(8))
    found = await owner_of(network, "pile-1")
    assert (found.online, found.disconnected_at, found.generation) == (False, after(7), 2)


async def test_what_an_old_connection_writes_is_left_out(network: Store) -> None:
    old = await connected(network)
    assert (await network.do(Unit((session(1),), "pile-1", old.generation))).ok
    new = await connected(network)
    results = await asyncio.gather(
        network.do(Unit((session(2),), "pile-1", old.generation)),
        network.do(Unit((session(3),), "pile-2", 1)),  # never connected
        network.do(Unit((session(4),), "pile-1", new.generation)),
        network.do(Unit((session(5, pile_id="pile-3"),))),
    )
    assert [result.status for result in results] == [
        Status.STALE,
        Status.STALE,
        Status.COMMITTED,
        Status.COMMITTED,
    ]
    assert {one.id for one in (await network.sessions()).items} == {1, 4, 5}


async def test_what_was_submitted_before_a_connection_is_written_before_it(network: Store) -> None:
    old = await connected(network)
    before = network.do(Unit((session(1),), "pile-1", old.generation))
    then = network.do(Connect("pile-1", "gw-1", "2.0.1", "192.0.2.1", after(1)))
    written, made = await asyncio.gather(before, then)
    assert written.ok
    assert [one.id for one in made.value.state.sessions] == [1]


async def test_the_whole_state_is_loaded(network: Store) -> None:
    other = samples.session(8, evse_id=2)
    pile = replace(samples.PILE, tariff_id=None)
    await network.write(samples.STATION, samples.TARIFF, samples.EVSE, samples.SESSION, other)
    await network.write(Pile(id="full", station_id="st-1"), replace(pile, id="pile-9"))
    await network.write(
        replace(samples.EVSE, pile_id="pile-9"),
        replace(samples.SESSION, id=9, pile_id="pile-9", transaction_id="a"),
        session(10, pile_id="pile-9", state=SessionState.STOPPED, ended_at=after(20)),
        session(11, pile_id="pile-9", state=SessionState.CLOSED),
    )
    record = await connected(network, "pile-9")
    state = record.state
    assert state.pile == replace(pile, id="pile-9")
    assert state.station == samples.STATION
    assert (state.tariff, state.tariff_version) == (samples.TARIFF, version_of(samples.TARIFF))
    assert state.evses == {1: replace(samples.EVSE, pile_id="pile-9")}
    assert [one.id for one in state.sessions] == [9, 10]
    assert state.sessions[0] == replace(samples.SESSION, id=9, pile_id="pile-9", transaction_id="a")
    assert [one.id for one in state.recent] == [11]
    assert state.recent_complete
    assert (state.commands, state.triggered) == ((), frozenset())
    assert await network.pile_state("pile-9") == state


async def test_the_tariff_is_the_piles_own_else_the_stations(network: Store) -> None:
    night = replace(samples.TARIFF, id="night", name="Night")
    await network.write(samples.STATION, samples.TARIFF, night, samples.PILE)
    assert (await connected(network)).state.tariff == night
    assert (await connected(network, "pile-2")).state.tariff == samples.TARIFF


async def test_a_session_is_loaded_with_its_readings(network: Store) -> None:
    await network.write(session(7), session(8, evse_id=2))
    late = entry(4, 5, 1200, received_at=after(99), offline=True)
    for one in (entry(1, 10, 2000), late, entry(3, 0, 1000), entry(5, 10, 7000, session_id=8)):
        await network.write(one)
    expected = [Reading(after(0), 1000), Reading(after(5), 1200), Reading(after(10), 2000)]
    state = (await connected(network)).state
    assert [list(one.readings) for one in state.sessions] == [expected, [Reading(after(10), 7000)]]
    found = await network.find_session("pile-1", transaction_id="tx-7")
    assert found is not None
    assert list(found.readings) == expected


async def test_recent_sessions_are_the_last_sixteen_closed_ones_newest_first(network: Store) -> None:
    closed = [
        session(number, state=SessionState.CLOSED, start_key=number, start_message_id=f"m{number}")
        for number in range(1, 17)
    ]
    await network.write(*closed, session(40), session(41, pile_id="pile-2", state=SessionState.CLOSED))
    state = (await connected(network)).state
    assert [one.id for one in state.recent] == list(range(16, 0, -1))
    assert state.recent[0] == RecentSession(16, "tx-16", after(16), 16, "m16", 0)
    assert state.recent_complete
    pile_at = after(-100)
    await network.write(session(17, state=SessionState.CLOSED, started_pile_at=pile_at))
    state = (await connected(network)).state
    assert [one.id for one in state.recent] == list(range(17, 1, -1))
    assert state.recent[0].started_at == pile_at
    assert not state.recent_complete


async def test_what_was_sent_before_the_connection_is_unknown_and_can_still_be_resolved(
    network: Store,
) -> None:
    states = {
        "queued": CommandState.QUEUED,
        "sent": CommandState.SENT,
        "done": CommandState.ACCEPTED,
        "silent": CommandState.TIMED_OUT,
    }
    rows = [
        replace(samples.COMMAND, id=name, state=state, idempotency_key=name) for name, state in states.items()
    ]
    long_ago = replace(rows[3], id="ancient", created_at=after(-90_000), idempotency_key="ancient")
    await network.write(*rows, long_ago, replace(rows[1], id="other", pile_id="pile-2", idempotency_key="o"))
    state = (await connected(network)).state
    assert {command.id: command.state for command in state.commands} == {
        "sent": CommandState.UNKNOWN,
        "silent": CommandState.TIMED_OUT,
    }
    stored = await network.command("sent")
    assert stored is not None
    assert stored.state is CommandState.UNKNOWN
    other = await network.command("other")
    assert other is not None
    assert other.state is CommandState.SENT


async def test_when_a_gateway_starts_its_piles_are_offline_and_what_it_sent_is_unknown(
    network: Store,
) -> None:
    await connected(network)
    await network.connect_pile("pile-2", "gw-2", "1.6", "192.0.2.2", samples.NOW)
    sent = replace(samples.COMMAND, state=CommandState.SENT)
    await network.write(sent, replace(sent, id="c-2", pile_id="pile-2", idempotency_key="2"))
    await network.mark_gateway_down("gw-1", after(9))
    first, second = await owner_of(network, "pile-1"), await owner_of(network, "pile-2")
    assert (first.online, first.disconnected_at) == (False, after(9))
    assert (second.online, second.disconnected_at) == (True, None)
    commands = [await network.command(name) for name in ("c-1", "c-2")]
    assert [command and command.state for command in commands] == [CommandState.UNKNOWN, CommandState.SENT]


async def test_ten_thousand_is_no_different_from_three_a_storm_of_connections_is_batched(
    network: Store,
) -> None:
    await network.write(*[Pile(id=f"storm-{number}", station_id="st-1") for number in range(300)])
    records = await asyncio.gather(*[connected(network, f"storm-{number}") for number in range(300)])
    assert [record.state.pile.id for record in records] == [f"storm-{number}" for number in range(300)]


async def test_reserved_ids_are_given_once(network: Store) -> None:
    firsts = await asyncio.gather(*[network.reserve_ids("session", 10) for _ in range(20)])
    assert sorted(firsts) == list(range(1, 200, 10))
    assert await network.reserve_ids("other", 5) == 1


async def test_transaction_ids_begin_anew_after_the_largest_of_ocpp_1_6(network: Store) -> None:
    half = 2**30
    firsts = [await network.reserve_ids("transaction", half - 1) for _ in range(2)]
    assert firsts == [1, half]
    assert await network.reserve_ids("transaction", 1) == 2**31 - 1
    assert await network.reserve_ids("transaction", 4096) == 1


async def test_a_session_is_found_by_its_start_key_the_newest_if_several(network: Store) -> None:
    rows = [session(number, start_key=-77, state=SessionState.CLOSED) for number in (1, 2)]
    await network.write(*rows, session(3, start_key=-77, pile_id="pile-2"), entry(1, 10, 500, session_id=2))
    found = await network.find_session("pile-1", start_key=-77)
    assert found is not None
    assert (found.id, found.readings) == (2, (Reading(after(10), 500),))
    assert await network.find_session("pile-1", start_key=1) is None
    assert await network.find_session("pile-1", transaction_id="tx-3") is None


async def test_a_row_that_cannot_be_read_fails_its_own_pile_only(network: Store) -> None:
    await network.write(session(1), entry(1, 10, 500, session_id=1, data=b"\xc1 no MessagePack"))
    calls: list[Any] = [
        network.connect_pile(f"pile-{number}", "gw-1", "1.6", "", samples.NOW) for number in (1, 2)
    ]
    broken, fine = await asyncio.gather(*calls, return_exceptions=True)
    assert "data_error" in str(broken)
    assert isinstance(fine, PileRecord)
    with pytest.raises(Exception, match="data_error"):
        await connected(network)
