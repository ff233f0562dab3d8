"""A command's life over a real socket: queued, sent, and what becomes of it (DESIGN §3)."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace
from tests.gateway.conftest import BOOT, House, Open, until
from tests.gateway.raw_pile import RawPile
from tests.gateway.test_calls import V16, V201, Brake, event, held, now, sessions, start

from forecourt.domain import command as ours
from forecourt.domain.command import Command, CommandState, Request
from forecourt.domain.pile import Registration
from forecourt.gateway import hub, keeper
from forecourt.gateway.connection import Connection

CLEAR_CACHE = ours.RawCall("ClearCache", {})


async def ended(house: House, command: Command) -> Command:
    """Wait until a command is no longer queued or sent."""

    async def concluded() -> Command | None:
        found = await house.command_state(command)
        return None if found.state in (CommandState.QUEUED, CommandState.SENT) else found

    result: Command = await until(concluded)
    return result


def connection(house: House) -> Connection:
    found = house.gateway._hub.registry.get("CP1")
    assert found is not None
    return found


def silent(house: House) -> None:
    """Let the bus lose what is published from now on."""
    house.sv.bus.publish = lambda subject, payload: None  # type: ignore[method-assign]


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


# --- when something may be sent (field problem 12)


async def test_nothing_is_sent_before_the_boot_is_answered(house: House) -> None:
    """Quirk H14 (lbbrhzn/ocpp#1510, #1414)."""
    await house.booted()
    command = await house.command(CLEAR_CACHE)
    await until(lambda: is_sent(house, command))
    pile = await house.connect()  # accepted from before, and perhaps about to boot
    await house.command(ours.RawCall("Second", {}))
    assert await pile.nothing(0.1)
    brake = Brake(house)
    asked = pile.ask("BootNotification", BOOT[V16])
    await until(lambda: held(brake))
    assert await pile.nothing(0.1)
    brake.release()
    first = await pile.message()
    assert first[:2] == [3, asked]
    assert (await pile.next_call())[2] == "Second"


async def is_sent(house: House, command: Command) -> bool:
    return (await house.command_state(command)).state is CommandState.SENT


async def test_a_boot_between_record_and_frame_goes_first(house: House) -> None:
    pile = await house.booted()
    silent(house)
    command = await house.command(CLEAR_CACHE)
    brake = Brake(house)
    connection(house).caller.offer(command)
    await until(lambda: held(brake))
    asked = pile.ask("BootNotification", BOOT[V16])
    await asyncio.sleep(0.05)
    brake.release()
    assert (await pile.message())[:2] == [3, asked]
    call = await pile.next_call()
    assert call[2] == "ClearCache"
    pile.reply(call, {"status": "Accepted"})
    assert (await ended(house, command)).state is CommandState.ACCEPTED


async def test_a_quiet_pile_gets_its_commands_after_a_while(
    open_house: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeper, "TICK_S", 0.01)
    monkeypatch.setattr(keeper, "QUIET_S", 0.1)
    house = await open_house()
    await house.add_pile()
    await house.booted()
    pile = await house.connect()
    await house.command(CLEAR_CACHE)
    assert (await pile.next_call())[2] == "ClearCache"


async def test_a_pile_that_has_called_is_not_about_to_boot(house: House) -> None:
    await house.booted()
    pile = await house.connect()
    await house.command(CLEAR_CACHE)
    await pile.result("Heartbeat", {})
    assert (await pile.next_call())[2] == "ClearCache"


@pytest.mark.parametrize(
    ("admission", "request_", "sent"),
    [
        (Registration.PENDING, ours.TriggerMessage("StatusNotification", 1), True),
        (Registration.PENDING, ours.GetConfiguration(("A.B",)), True),
        (Registration.PENDING, ours.GetBaseReport(), True),
        (Registration.PENDING, ours.RemoteStart("TAG1", 1, "ISO14443"), False),
        (Registration.PENDING, ours.Reset(), False),
        (Registration.REJECTED, ours.TriggerMessage("StatusNotification", 1), False),
        (Registration.REJECTED, ours.GetConfiguration(("A.B",)), False),
    ],
)
async def test_what_may_be_sent_in_each_registration(
    open_house: Open, admission: Registration, request_: Request, sent: bool
) -> None:
    house = await open_house()
    await house.add_pile(admission=admission)
    pile = await house.booted(V201)
    command = await house.command(request_)
    if sent:
        assert (await pile.next_call())[0] == 2
    else:
        done = await ended(house, command)
        assert done.state is CommandState.REJECTED
        assert admission.value in done.error
        assert await pile.nothing(0.05)


async def test_what_was_triggered_is_served(open_house: Open) -> None:
    """B02.FR.02: a pending pile may send what it was asked for."""
    house = await open_house()
    await house.add_pile(admission=Registration.PENDING)
    pile = await house.booted(V201)
    status = {"timestamp": now(), "connectorStatus": "Available", "evseId": 1, "connectorId": 1}
    assert (await pile.call("StatusNotification", status))[2] == "SecurityError"
    await house.command(ours.TriggerMessage("StatusNotification", 1))
    pile.reply(await pile.next_call(), {"status": "Accepted"})
    assert (await pile.call("StatusNotification", status | {"evseId": 2}))[0] == 3


# --- the sweep, expiry, idempotency


async def test_a_lost_bus_message_costs_time_not_the_command(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    pile = await house.booted()
    monkeypatch.setattr(house.sv.bus, "publish", lambda subject, payload: None)
    command = await house.command(CLEAR_CACHE)
    assert await pile.nothing(0.05)
    await house.gateway._dispatch.sweep()
    assert (await pile.next_call())[2] == "ClearCache"
    await house.gateway._dispatch.sweep()
    assert await pile.nothing(0.05)  # offered twice, sent once
    assert (await house.command_state(command)).state is CommandState.SENT


async def test_the_sweep_runs(open_house: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("forecourt.gateway.gateway.SWEEP_S", 0.02)
    house = await open_house()
    await house.add_pile()
    await house.command(CLEAR_CACHE)  # nobody there yet
    pile = await house.booted()
    assert (await pile.next_call())[2] == "ClearCache"


async def test_an_expired_command_is_not_sent(house: House) -> None:
    pile = await house.booted()
    command = await house.command(CLEAR_CACHE, life=timedelta(0))
    done = await ended(house, command)
    assert done.state is CommandState.REJECTED
    assert "expired" in done.error
    assert await pile.nothing(0.05)


async def test_a_command_that_another_has_taken_is_not_sent(house: House) -> None:
    """Compare-and-set: what is no longer queued in the database stays off the wire."""
    pile = await house.booted()
    silent(house)
    command = await house.command(CLEAR_CACHE)
    taken = replace(command, state=CommandState.SUPERSEDED)
    await house.sv.store.write(taken)
    connection(house).caller.offer(command)
    assert await pile.nothing(0.2)
    assert (await house.command_state(command)).state is CommandState.SUPERSEDED
    connection(house).caller.offer(await house.command(ours.RawCall("Next", {})))
    assert (await pile.next_call())[2] == "Next"


# --- what answers tell besides


async def test_configuration_is_kept(house: House) -> None:
    """Quirks G02, G04 (evcc#10339, mobilityhouse/ocpp#707): a boolean as text, a number as value, no unknownKey."""
    pile = await house.booted()
    command = await house.command(ours.GetConfiguration())
    keys = [
        {"key": "HeartbeatInterval", "readonly": "true", "value": 60},
        {"key": "SupportedFeatureProfiles", "readonly": True, "value": "Core, SmartCharging"},
        {"key": "AuthorizationKey", "readonly": False, "value": "secret"},
    ]
    pile.reply(await pile.next_call(), {"configurationKey": keys})
    assert (await ended(house, command)).state is CommandState.ACCEPTED

    async def kept() -> Any:
        return await house.sv.store.pile_variables("CP1")

    rows = {row.variable: (row.value, row.mutability) for row in await until(kept)}
    assert rows == {
        "AuthorizationKey": (None, "ReadWrite"),
        "HeartbeatInterval": ("60", "ReadOnly"),
        "SupportedFeatureProfiles": ("Core, SmartCharging", "ReadOnly"),
    }


async def test_variables_are_kept(house: House) -> None:
    pile = await house.booted(V201)
    command = await house.command(ours.GetConfiguration(("A.B", "A.C")))
    rows = [
        {
            "attributeStatus": status,
            "attributeValue": value,
            "component": {"name": "A"},
            "variable": {"name": name},
        }
        for name, status, value in (("B", "Accepted", "1"), ("C", "UnknownVariable", ""))
    ]
    pile.reply(await pile.next_call(), {"getVariableResult": rows})
    assert (await ended(house, command)).state is CommandState.ACCEPTED

    async def kept() -> Any:
        return await house.sv.store.pile_variables("CP1")

    assert [(row.component, row.variable, row.value) for row in await until(kept)] == [("A", "B", "1")]


@pytest.mark.parametrize(
    ("request_", "answer", "state"),
    [
        (ours.ChangeConfiguration("A", "1"), {"status": "RebootRequired"}, CommandState.ACCEPTED),
        (ours.ChangeConfiguration("A", "1"), {"status": "NotSupported"}, CommandState.REJECTED),
        (ours.ChangeAvailability(True), {"status": "Scheduled"}, CommandState.ACCEPTED),
        (ours.UnlockConnector(1), {"status": "Unlocked"}, CommandState.ACCEPTED),
        (ours.UnlockConnector(1), {"status": "UnlockFailed"}, CommandState.REJECTED),
        (ours.Reset(), {"status": "Nonsense"}, CommandState.REJECTED),
        (ours.Reset(), {}, CommandState.ACCEPTED),
        (ours.RawCall("Any", {}), {"status": "Idle"}, CommandState.ACCEPTED),
        (ours.RawCall("Any", {}), {"status": "Rejected"}, CommandState.REJECTED),
        (ours.RawCall("Any", {}), ["odd"], CommandState.ACCEPTED),
    ],
)
async def test_what_an_answer_means(
    house: House, request_: Request, answer: Any, state: CommandState
) -> None:
    pile = await house.booted()
    command = await house.command(request_)
    pile.reply(await pile.next_call(), answer)
    assert (await ended(house, command)).state is state


# --- set-up after a boot (field problem 12)


async def test_a_silent_pile_is_asked_for_its_status_once(
    open_house: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeper, "TICK_S", 0.01)
    monkeypatch.setattr(hub, "STATUS_AFTER_S", 0.05)
    house = await open_house(ping_interval=0.04)
    await house.add_pile()
    pile = await house.booted(V201)
    call = await pile.next_call()
    assert call[2:] == [
        "TriggerMessage",
        {"requestedMessage": "StatusNotification", "evse": {"id": 1, "connectorId": 1}},
    ]
    pile.reply(call, {"status": "Accepted"})
    command = await house.command(CLEAR_CACHE)
    assert (await pile.next_call())[2] == "ClearCache"
    flapping = await house.booted(V201)
    await until(lambda: asked_of_nobody(house))
    await flapping.result("Heartbeat", {})
    assert flapping.calls == []
    assert command.id


async def asked_of_nobody(house: House) -> bool:
    return not house.gateway._hub.status_due


async def test_a_pile_that_reports_is_not_asked(open_house: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeper, "TICK_S", 0.01)
    monkeypatch.setattr(hub, "STATUS_AFTER_S", 0.2)
    house = await open_house(ping_interval=0.04)
    await house.add_pile()
    pile = await house.booted()
    await pile.result("StatusNotification", {"connectorId": 1, "errorCode": "NoError", "status": "Available"})
    await until(lambda: asked_of_nobody(house))
    await pile.result("Heartbeat", {})
    assert pile.calls == []


# --- master data


async def test_a_change_of_the_pile_reaches_its_mailbox(house: House) -> None:
    pile = await house.booted(V201)
    await house.admit("CP1", Registration.REJECTED)
    assert (await pile.result("BootNotification", BOOT[V201]))["status"] == "Rejected"


async def test_the_status_trickles_through_to_a_token(house: House) -> None:
    pile = await house.booted()
    assert (await pile.result("Authorize", {"idTag": "LATER"}))["idTagInfo"]["status"] == "Invalid"
    from forecourt.domain.token import Token
    from forecourt.services import network

    await network.put_token(house.sv, Token(uid="LATER"), "test")
    assert (await pile.result("Authorize", {"idTag": "later"}))["idTagInfo"]["status"] == "Accepted"
