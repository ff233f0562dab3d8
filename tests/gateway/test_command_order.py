"""When a command may be sent, what is offered again, and what answers tell besides (field problem 12)."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace
from tests.gateway.conftest import BOOT, House, Open, until
from tests.gateway.giving import CLEAR_CACHE, connection, ended, silent
from tests.gateway.messages import V16, V201, Brake, held, now

from forecourt.domain import command as ours
from forecourt.domain.command import Command, CommandState, Request
from forecourt.domain.pile import Registration
from forecourt.gateway import hub, keeper

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
