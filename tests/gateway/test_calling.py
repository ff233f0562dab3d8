"""Our calls when the connection ends, or the pile has other firmware by now."""

from typing import Any

import pytest
from tests.gateway.conftest import House, Open, until

from forecourt.domain import command as ours
from forecourt.domain.command import Command, CommandState

FIRST, SECOND = ours.RawCall("First", {}), ours.RawCall("Second", {})


async def decided(house: House, command: Command) -> Command:
    async def done() -> Command | None:
        now = await house.command_state(command)
        return None if now.state in (CommandState.QUEUED, CommandState.SENT) else now

    found: Command = await until(done)
    return found


async def test_what_waits_behind_a_call_goes_over_the_next_connection(house: House) -> None:
    pile = await house.booted()
    first, second = await house.command(FIRST), await house.command(SECOND)
    assert (await pile.next_call())[2] == "First"
    pile.cut()
    assert (await decided(house, first)).state is CommandState.UNKNOWN
    assert (await house.command_state(second)).state is CommandState.QUEUED
    again = await house.booted()
    call = await again.next_call()
    assert call[2] == "Second"
    again.reply(call, {"status": "Accepted"})
    assert (await decided(house, second)).state is CommandState.ACCEPTED


async def test_a_call_that_was_recorded_but_never_written_is_not_sent_for_ever(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The boot came between the record and the frame, and then the connection ended."""
    pile = await house.booted()
    connection: Any = house.gateway._hub.registry.get("CP1")
    connection.caller.boot_received()
    command = await house.command(FIRST)
    connection.caller._sent(command)
    connection.mailbox.state = house.sv and connection.mailbox.state
    pile.cut()
    await until(lambda: _gone(house))
    assert connection.caller._deferred is None


async def _gone(house: House) -> bool:
    return house.gateway.connected == 0


async def test_a_stop_writes_no_more_calls(house: House, open_house: Open) -> None:
    pile = await house.booted()
    first, second = await house.command(FIRST), await house.command(SECOND)
    call = await pile.next_call()
    connection: Any = house.gateway._hub.registry.get("CP1")
    connection.caller.shut()
    pile.reply(call, {"status": "Accepted"})
    assert (await decided(house, first)).state is CommandState.ACCEPTED
    assert await pile.nothing(0.1)
    assert (await house.command_state(second)).state is CommandState.QUEUED


async def test_a_session_begun_over_2_0_1_has_no_number_for_1_6(house: House) -> None:
    newer = await house.booted("ocpp2.0.1")
    started = {
        "eventType": "Started",
        "timestamp": "2026-01-02T03:04:05Z",
        "triggerReason": "CablePluggedIn",
        "seqNo": 0,
        "transactionInfo": {"transactionId": "T-1"},
        "evse": {"id": 1},
    }
    await newer.result("TransactionEvent", started)
    older = await house.booted("ocpp1.6")
    [session] = (await house.sv.store.sessions()).items
    stop = await decided(house, await house.command(ours.RemoteStop(session.id)))
    assert stop.state is CommandState.REJECTED
    assert "no number" in stop.error
    await house.command(SECOND)
    assert (await older.next_call())[2] == "Second"
