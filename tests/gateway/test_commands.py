"""A command's life over a real socket: queued, sent, and what becomes of it (DESIGN §3)."""

from typing import Any

import pytest
from tests.gateway.conftest import House, Open, until
from tests.gateway.giving import CLEAR_CACHE, ended
from tests.gateway.messages import V16, V201, Brake, event, held, sessions, start
from tests.gateway.raw_pile import RawPile

from forecourt.domain import command as ours
from forecourt.domain.command import CommandState, Request
from forecourt.gateway import keeper

# --- accepted, rejected, refused


@pytest.mark.parametrize(
    ("version", "request_", "action", "payload"),
    [
        (V16, ours.RemoteStart("TAG1", 1), "RemoteStartTransaction", {"idTag": "TAG1", "connectorId": 1}),
        (V16, ours.Reset(), "Reset", {"type": "Soft"}),
        (V16, ours.Reset(when_idle=False), "Reset", {"type": "Hard"}),
        (V16, ours.UnlockConnector(2), "UnlockConnector", {"connectorId": 2}),
        (
            V16,
            ours.ChangeAvailability(False),
            "ChangeAvailability",
            {"connectorId": 0, "type": "Inoperative"},
        ),
        (V16, ours.TriggerMessage("Heartbeat"), "TriggerMessage", {"requestedMessage": "Heartbeat"}),
        (V16, ours.GetConfiguration(), "GetConfiguration", {}),
        (V16, ours.GetConfiguration(("A",)), "GetConfiguration", {"key": ["A"]}),
        (V16, ours.ChangeConfiguration("A", "1"), "ChangeConfiguration", {"key": "A", "value": "1"}),
        (
            V16,
            ours.DataTransfer("V", "m", "d"),
            "DataTransfer",
            {"vendorId": "V", "messageId": "m", "data": "d"},
        ),
        (V16, ours.RawCall("Anything", {"a": [1]}), "Anything", {"a": [1]}),
        (V201, ours.Reset(evse_id=2), "Reset", {"type": "OnIdle", "evseId": 2}),
        (V201, ours.UnlockConnector(2), "UnlockConnector", {"evseId": 2, "connectorId": 1}),
        (
            V201,
            ours.ChangeAvailability(True, 1),
            "ChangeAvailability",
            {"operationalStatus": "Operative", "evse": {"id": 1}},
        ),
        (
            V201,
            ours.TriggerMessage("StatusNotification", 2),
            "TriggerMessage",
            {"requestedMessage": "StatusNotification", "evse": {"id": 2, "connectorId": 1}},  # F06.FR.13
        ),
        (
            V201,
            ours.GetConfiguration(("OCPPCommCtrlr.HeartbeatInterval",)),
            "GetVariables",
            {
                "getVariableData": [
                    {"component": {"name": "OCPPCommCtrlr"}, "variable": {"name": "HeartbeatInterval"}}
                ]
            },
        ),
        (
            V201,
            ours.ChangeConfiguration("Connector#1.2[left].Available[x]", "true"),
            "SetVariables",
            {
                "setVariableData": [
                    {
                        "attributeValue": "true",
                        "component": {
                            "name": "Connector",
                            "evse": {"id": 1, "connectorId": 2},
                            "instance": "left",
                        },
                        "variable": {"name": "Available", "instance": "x"},
                    }
                ]
            },
        ),
        (V201, ours.DataTransfer("V"), "DataTransfer", {"vendorId": "V"}),
    ],
)
async def test_commands_in_the_words_of_each_version(
    house: House, version: str, request_: Request, action: str, payload: Any
) -> None:
    pile = await house.booted(version)
    command = await house.command(request_)
    call = await pile.next_call()
    assert call[2:] == [action, payload]
    assert (await house.command_state(command)).state is CommandState.SENT  # committed before the frame
    pile.reply(call, {"status": "Accepted", "more": [1]})
    done = await ended(house, command)
    assert (done.state, done.result) == (CommandState.ACCEPTED, {"status": "Accepted", "more": [1]})


async def test_a_remote_start_and_stop(house: House) -> None:
    pile = await house.booted(V201)
    starting = await house.command(ours.RemoteStart("TAG1", 1, "ISO14443"))
    call = await pile.next_call()
    assert call[2] == "RequestStartTransaction"
    assert call[3]["idToken"] == {"idToken": "TAG1", "type": "ISO14443"}
    pile.reply(call, {"status": "Accepted"})
    info = {"transactionId": "T1", "remoteStartId": call[3]["remoteStartId"]}
    await pile.result("TransactionEvent", event("Started", 0, transactionInfo=info))
    [session] = await sessions(house)
    assert (await ended(house, starting)).session_id == session.id
    stopping = await house.command(ours.RemoteStop(session.id))
    call = await pile.next_call()
    assert call[2:] == ["RequestStopTransaction", {"transactionId": "T1"}]
    pile.reply(call, {"status": "Rejected"})
    assert (await ended(house, stopping)).state is CommandState.REJECTED


async def test_a_remote_stop_of_1_6(house: House) -> None:
    pile = await house.booted(V16)
    transaction = (await pile.result("StartTransaction", start()))["transactionId"]
    [session] = await sessions(house)
    await house.command(ours.RemoteStop(session.id))
    call = await pile.next_call()
    assert call[2:] == ["RemoteStopTransaction", {"transactionId": transaction}]


async def test_commands_are_in_the_log_under_their_message_id(house: House) -> None:
    pile = await house.booted()
    command = await house.command(CLEAR_CACHE)
    call = await pile.next_call()
    pile.reply(call, {"status": "Accepted"})
    await ended(house, command)

    async def logged() -> Any:
        page = await house.sv.store.log_page("CP1")
        rows = [row for row in page.items if row.action == "ClearCache"]
        return rows if len(rows) == 2 else None

    rows = await until(logged)
    assert [(row.direction, row.kind, row.message_id) for row in rows] == [
        ("in", "CALLRESULT", call[1]),
        ("out", "CALL", call[1]),
    ]


async def test_a_call_error_is_a_refusal(house: House) -> None:
    pile = await house.booted()
    command = await house.command(CLEAR_CACHE)
    call = await pile.next_call()
    pile.text(f'[4,"{call[1]}","NotSupported","no cache",{{}}]')
    done = await ended(house, command)
    assert (done.state, done.error) == (CommandState.REJECTED, "NotSupported: no cache")


@pytest.mark.parametrize(
    ("version", "request_", "word"),
    [
        (V16, ours.GetBaseReport(), "device model"),
        (V16, ours.Reset(evse_id=1), "whole pile"),
        (V16, ours.TriggerMessage("Nonsense"), "requestedMessage"),
        (V16, ours.RemoteStart("x" * 21), "idTag"),
        (V201, ours.RemoteStart("TAG1", None, "Nonsense"), "type"),
        (V201, ours.GetConfiguration(), "named"),
        (V201, ours.GetConfiguration(("HeartbeatInterval",)), "Component.Variable"),
        (V201, ours.RemoteStop(4711), "not running"),
    ],
)
async def test_what_can_not_be_said_is_not_sent(
    house: House, version: str, request_: Request, word: str
) -> None:
    pile = await house.booted(version)
    done = await ended(house, await house.command(request_))
    assert done.state is CommandState.REJECTED
    assert word in done.error
    assert await pile.nothing(0.05)


# --- time-outs, late answers, lost connections (field problem 22)


@pytest.fixture
async def impatient(open_house: Open, monkeypatch: pytest.MonkeyPatch) -> House:
    monkeypatch.setattr(keeper, "TICK_S", 0.01)
    house = await open_house(call_timeout=0.05)
    await house.add_pile()
    return house


async def test_a_timeout_is_not_did_not_happen(impatient: House) -> None:
    pile = await impatient.booted()
    command = await impatient.command(CLEAR_CACHE)
    call = await pile.next_call()
    assert (await ended(impatient, command)).state is CommandState.TIMED_OUT
    pile.reply(call, {"status": "Accepted"})  # late

    async def settled() -> bool:
        return (await impatient.command_state(command)).state is CommandState.ACCEPTED

    await until(settled)


async def test_the_next_command_goes_after_a_timeout(impatient: House) -> None:
    pile = await impatient.booted()
    await impatient.command(CLEAR_CACHE)
    second = await impatient.command(ours.RawCall("Second", {}))
    assert (await pile.next_call())[2] == "ClearCache"
    call = await pile.next_call()
    assert call[2] == "Second"
    pile.reply(call, {"status": "Accepted"})
    assert (await ended(impatient, second)).state is CommandState.ACCEPTED


async def test_a_lost_connection_leaves_it_unknown(house: House) -> None:
    pile = await house.booted()
    command = await house.command(CLEAR_CACHE)
    await pile.next_call()
    pile.cut()
    assert (await ended(house, command)).state is CommandState.UNKNOWN
    again = await house.booted()
    assert await again.nothing(0.1)  # never sent again by itself
    assert again.calls == []


async def test_a_takeover_leaves_it_unknown(house: House) -> None:
    pile = await house.booted()
    command = await house.command(CLEAR_CACHE)
    await pile.next_call()
    await house.connect()
    assert (await ended(house, command)).state is CommandState.UNKNOWN


async def test_a_crash_leaves_it_unknown(house: House, open_house: Open) -> None:
    """The gateway that starts again finds what it had sent."""
    pile = await house.booted()
    command = await house.command(CLEAR_CACHE)
    await pile.next_call()
    again = await open_house(database=house.sv.store._database.path)  # type: ignore[union-attr]
    assert (await again.command_state(command)).state is CommandState.UNKNOWN
    await until(lambda: gone(house, pile))


async def gone(house: House, pile: RawPile) -> bool:
    pile.cut()
    return house.gateway.connected == 0


# --- one at a time, in both directions (field problem 6)


async def test_one_call_at_a_time(house: House) -> None:
    pile = await house.booted()
    commands = [await house.command(ours.RawCall(f"Call{number}", {})) for number in range(3)]
    for number, command in enumerate(commands):
        call = await pile.next_call()
        assert call[2] == f"Call{number}"
        assert await pile.nothing(0.05)
        later = [await house.command_state(other) for other in commands[number + 1 :]]
        assert all(other.state is CommandState.QUEUED for other in later)
        pile.reply(call, {})
        assert (await ended(house, command)).state is CommandState.ACCEPTED


async def test_calls_in_both_directions_at_once(house: House) -> None:
    """citrineos#178, #189; mobilityhouse/ocpp#130: RemoteStop and Authorize must not wait for each other."""
    pile = await house.booted()
    command = await house.command(CLEAR_CACHE)
    call = await pile.next_call()
    assert (await pile.result("Authorize", {"idTag": "TAG1"}))["idTagInfo"]["status"] == "Accepted"
    pile.reply(call, {"status": "Accepted"})
    assert (await ended(house, command)).state is CommandState.ACCEPTED


async def test_an_answer_while_a_commit_is_under_way(house: House) -> None:
    pile = await house.booted()
    command = await house.command(CLEAR_CACHE)
    call = await pile.next_call()
    brake = Brake(house)
    asked = pile.ask("StatusNotification", {"connectorId": 1, "errorCode": "NoError", "status": "Charging"})
    pile.reply(call, {"status": "Accepted"})
    await until(lambda: held(brake))
    brake.release()
    await pile.answer(asked)
    assert (await ended(house, command)).state is CommandState.ACCEPTED


async def test_stray_answers_are_ignored(house: House) -> None:
    """Quirk R04 (ocpp-go#267): [3,"",…]."""
    pile = await house.booted()
    for text in (
        '[3,"",{"fileName":"d.log"}]',
        '[3,"nobody",{}]',
        '[4,"nobody","GenericError","",{}]',
        "[3]",
    ):
        pile.text(text)
    assert await pile.result("Heartbeat", {})
