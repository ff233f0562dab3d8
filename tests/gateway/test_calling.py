"""Our calls when the connection ends or the gateway stops, and when the pile has other firmware by now."""

from tests.gateway.conftest import House, until
from tests.gateway.giving import CLEAR_CACHE, connection, ended, silent
from tests.gateway.messages import V16, V201, Brake, event, held, sessions

from forecourt.domain import command as ours
from forecourt.domain.command import CommandState

NEXT = ours.RawCall("Next", {})


async def gone(house: House) -> bool:
    return house.gateway.connected == 0


async def test_what_waits_behind_a_call_goes_over_the_next_connection(house: House) -> None:
    pile = await house.booted()
    first, second = await house.command(CLEAR_CACHE), await house.command(NEXT)
    assert (await pile.next_call())[2] == "ClearCache"
    pile.cut()
    assert (await ended(house, first)).state is CommandState.UNKNOWN
    again = await house.booted()
    call = await again.next_call()
    assert call[2] == "Next"
    again.reply(call, {"status": "Accepted"})
    assert (await ended(house, second)).state is CommandState.ACCEPTED


async def test_a_connection_that_ends_between_record_and_frame_leaves_it_unknown(house: House) -> None:
    pile = await house.booted()
    silent(house)
    command = await house.command(CLEAR_CACHE)
    brake = Brake(house)
    connection(house).caller.offer(command)
    await until(lambda: held(brake))
    pile.cut()
    await until(lambda: gone(house))
    brake.release()
    assert (await ended(house, command)).state is CommandState.UNKNOWN


async def test_a_stop_writes_no_more_calls(house: House) -> None:
    pile = await house.booted()
    first, second = await house.command(CLEAR_CACHE), await house.command(NEXT)
    call = await pile.next_call()
    connection(house).caller.shut()
    pile.reply(call, {"status": "Accepted"})
    assert (await ended(house, first)).state is CommandState.ACCEPTED
    await pile.result("Heartbeat", {})
    connection(house).caller.offer(second)
    await pile.result("Heartbeat", {})
    assert pile.calls == []
    assert (await house.command_state(second)).state is CommandState.QUEUED


async def test_a_session_begun_over_2_0_1_has_no_number_for_1_6(house: House) -> None:
    newer = await house.booted(V201)
    await newer.result("TransactionEvent", event("Started", 0, "T-1"))
    older = await house.booted(V16)
    [session] = await sessions(house)
    stop = await ended(house, await house.command(ours.RemoteStop(session.id)))
    assert stop.state is CommandState.REJECTED
    assert "no number" in stop.error
    await house.command(NEXT)
    assert (await older.next_call())[2] == "Next"
