"""Calls of a pile over a real socket, with the store on SQLite: acknowledged after the commit, and only then."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.gateway.conftest import BOOT, House, until
from tests.gateway.messages import (
    FAILED,
    V16,
    V201,
    Brake,
    event,
    held,
    meter,
    now,
    register,
    rejected,
    sessions,
    start,
    stop,
)

from forecourt.store.errors import EngineError, Status
from forecourt.store.work import Batch, Result

# --- a charge from start to stop


async def test_a_charge_of_1_6(house: House) -> None:
    pile = await house.booted(V16)
    assert (await pile.result("Authorize", {"idTag": "TAG1"}))["idTagInfo"]["status"] == "Accepted"
    assert (await pile.result("Authorize", {"idTag": "BLOCKED"}))["idTagInfo"]["status"] == "Blocked"
    assert (await pile.result("Authorize", {"idTag": "nobody"}))["idTagInfo"]["status"] == "Invalid"
    started = await pile.result("StartTransaction", start())
    assert started["idTagInfo"]["status"] == "Accepted"
    transaction = started["transactionId"]
    assert 1 <= transaction < 2**31
    assert await pile.result("MeterValues", meter(transaction, 2000)) == {}
    assert await pile.result("StopTransaction", stop(transaction)) == {}
    [session] = await sessions(house)
    assert (session.energy_wh, session.ended_at is not None, session.stop_reason) == (2000, True, "Local")


async def test_a_charge_of_2_0_1(house: House) -> None:
    pile = await house.booted(V201)
    token = {"idToken": "TAG1", "type": "ISO14443"}
    assert (await pile.result("Authorize", {"idToken": token}))["idTokenInfo"]["status"] == "Accepted"
    started = await pile.result(
        "TransactionEvent", event("Started", 0, idToken=token, meterValue=register(1000))
    )
    assert started["idTokenInfo"]["status"] == "Accepted"
    assert "idTokenInfo" not in await pile.result(
        "TransactionEvent", event("Updated", 1, meterValue=register(2000))
    )
    await pile.result("TransactionEvent", event("Ended", 2, meterValue=register(3000)))
    [session] = await sessions(house)
    assert (session.transaction_id, session.energy_wh, session.ended_at is not None) == ("T1", 2000, True)


async def test_boot_and_heartbeat_tell_the_time(house: House) -> None:
    for version in (V16, V201):
        pile = await house.connect(protocol=version)
        booted = await pile.result("BootNotification", BOOT[version])
        assert (booted["status"], booted["interval"]) == ("Accepted", 300)
        for told in (booted, await pile.result("Heartbeat", {})):
            at = datetime.fromisoformat(told["currentTime"])
            assert abs(datetime.now(UTC) - at) < timedelta(seconds=10)


async def test_statuses(house: House) -> None:
    pile = await house.booted(V16)
    for connector, status in ((0, "Available"), (1, "Charging"), (2, "Faulted")):
        payload = {
            "connectorId": connector,
            "errorCode": "NoError",
            "status": status,
            "vendorErrorCode": "E7",
        }
        assert await pile.result("StatusNotification", payload) == {}
    detail = await house.sv.store.pile_detail("CP1")
    assert detail is not None
    assert [(evse.evse_id, evse.raw_status, evse.info) for evse in detail.evses] == [
        (0, "Available", "E7"),
        (1, "Charging", "E7"),
        (2, "Faulted", "E7"),
    ]


async def test_what_is_only_kept(house: House) -> None:
    pile = await house.booted(V201)
    component = {"name": "Connector", "evse": {"id": 1, "connectorId": 2}, "instance": "left"}
    data = {
        "eventId": 1,
        "timestamp": now(),
        "trigger": "Alerting",
        "actualValue": "98",
        "component": component,
        "variable": {"name": "Temperature"},
        "eventNotificationType": "HardWiredNotification",
    }
    notify = {"generatedAt": now(), "seqNo": 0, "eventData": [data, data | {"eventId": 2}]}
    assert await pile.result("NotifyEvent", notify) == {}
    attributes = [{"value": "7"}, {"type": "Target", "value": "8", "mutability": "ReadOnly"}]
    report = [{"component": component, "variable": {"name": "V"}, "variableAttribute": attributes}]
    assert (
        await pile.result(
            "NotifyReport", {"requestId": 1, "generatedAt": now(), "seqNo": 0, "reportData": report}
        )
        == {}
    )
    assert (await pile.result("DataTransfer", {"vendorId": "EVBox", "data": [1]}))[
        "status"
    ] == "UnknownVendorId"
    assert (
        await pile.result("SecurityEventNotification", {"type": "SettingSystemTime", "timestamp": now()})
        == {}
    )
    events = await house.sv.store.device_events("CP1")
    assert sorted((row.kind, row.component, row.variable, row.value) for row in events) == [
        ("DataTransfer", "EVBox", "", ""),
        ("NotifyEvent", "Connector#1.2[left]", "Temperature", "98"),
        ("NotifyEvent", "Connector#1.2[left]", "Temperature", "98"),
        ("SecurityEventNotification", "", "", ""),
    ]
    variables = await house.sv.store.pile_variables("CP1")
    assert {(row.component, row.variable, row.attribute, row.value) for row in variables} == {
        ("Connector#1.2[left]", "V", "Actual", "7"),
        ("Connector#1.2[left]", "V", "Target", "8"),
    }


# --- ack only after commit (field problem 1)


async def test_nothing_is_acknowledged_before_its_commit(house: House) -> None:
    pile = await house.booted()
    brake = Brake(house)
    asked = pile.ask("StartTransaction", start())
    assert await pile.nothing()
    assert await sessions(house) == []
    brake.release()
    assert (await pile.answer(asked))[2]["transactionId"]
    assert len(await sessions(house)) == 1


async def test_what_comes_meanwhile_waits_for_its_turn(house: House) -> None:
    """Nothing decides on uncommitted state; a heartbeat, which writes nothing, keeps its place all the same."""
    pile = await house.booted()
    brake = Brake(house)
    first = pile.ask("StatusNotification", {"connectorId": 1, "errorCode": "NoError", "status": "Charging"})
    second = pile.ask("Heartbeat", {})
    assert await pile.nothing()
    brake.release()
    assert [(await pile.message())[1] for _ in range(2)] == [first, second]


async def test_one_pile_does_not_wait_for_another(house: House) -> None:
    await house.add_pile("CP2")
    pile, other = await house.booted(), await house.booted(pile_id="CP2")
    brake = Brake(house)
    asked = pile.ask("StatusNotification", {"connectorId": 1, "errorCode": "NoError", "status": "Charging"})
    assert await other.result("Heartbeat", {})
    brake.release()
    await pile.answer(asked)


async def test_a_stale_generation_ends_the_connection_without_an_answer(house: House) -> None:
    pile = await house.booted()
    brake = Brake(house)
    pile.ask("StartTransaction", start())
    await until(lambda: held(brake))
    brake.answer(Status.STALE)
    assert await pile.closed() == 1011
    assert house.gateway.connected == 0


async def test_an_unknown_outcome_ends_the_connection_without_an_answer(house: House) -> None:
    """The pile sends again, and the repetition is recognised, whether the first was written or not."""
    pile = await house.booted()
    brake = Brake(house)
    payload = start()
    pile.ask("StartTransaction", payload)
    await until(lambda: held(brake))
    batch, finished = brake.held.pop()
    house.sv.store.commit._execute = brake._execute

    def lie(outcome: Sequence[Result] | EngineError) -> None:
        assert not isinstance(outcome, EngineError)
        finished([FAILED for _ in batch.units] + list(outcome)[len(batch.units) :])

    brake._execute(batch, lie)  # it is written all the same
    assert await pile.closed() == 1011
    again = await house.connect()
    assert (await again.result("StartTransaction", payload))["transactionId"]
    assert len(await sessions(house)) == 1


async def test_a_conflict_is_decided_again(house: House) -> None:
    """Field problem 14: no CALLERROR for a conflict of our own."""
    pile = await house.booted()
    brake = Brake(house)
    asked = pile.ask("StatusNotification", {"connectorId": 1, "errorCode": "NoError", "status": "Charging"})
    await until(lambda: held(brake))
    brake.answer(Status.CONFLICT)
    assert (await pile.answer(asked))[0] == 3


@pytest.mark.parametrize("status", [Status.CONFLICT, Status.DATA_ERROR])
@pytest.mark.parametrize(
    ("version", "action", "payload", "answer"),
    [
        (V16, "StopTransaction", stop(7), 3),
        (V16, "MeterValues", meter(7, 1), 3),
        (V16, "StartTransaction", start(), 4),
        (V16, "StatusNotification", {"connectorId": 1, "errorCode": "NoError", "status": "Charging"}, 4),
        (V201, "TransactionEvent", event("Updated", 1), 3),
    ],
)
async def test_what_can_not_be_stored_does_not_come_back_for_ever(
    house: House, status: Status, version: str, action: str, payload: Any, answer: int
) -> None:
    pile = await house.booted(version)
    commit = house.sv.store.commit
    execute = commit._execute

    def refuse(batch: Batch, finished: Callable[..., None]) -> None:
        """Whatever is not evidence."""
        units = [unit for unit in batch.units if type(unit.rows[0]).__name__ != "RejectedMessage"]
        if units:
            results = [Result(status, "because") for _ in batch.units]
            asyncio.get_running_loop().call_soon(
                finished, results + [Result(Status.COMMITTED)] * len(batch.calls)
            )
        else:
            execute(batch, finished)

    asked = pile.ask(action, payload)
    commit._execute = refuse if not commit.pending else commit._execute
    said = await pile.answer(asked)
    assert said[0] == answer
    if answer == 4:
        assert said[2] == "InternalError"
    commit._execute = execute
    kept = await rejected(house)
    evidence = action not in ("StatusNotification",)
    assert [row.action for row in kept] == ([action] if evidence else [])
    assert await pile.result("Heartbeat", {})  # the connection goes on


async def test_an_error_of_our_own_fails_one_message_only(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    pile = await house.booted()

    def broken(*_: Any) -> Any:
        raise RuntimeError("a bug")

    monkeypatch.setattr("forecourt.services.transactions.transaction_event", broken)
    monkeypatch.setattr("forecourt.services.availability.status", broken)
    refused = await pile.call(
        "StatusNotification", {"connectorId": 1, "errorCode": "NoError", "status": "Charging"}
    )
    assert refused[:3] == [4, refused[1], "InternalError"]
    assert await pile.result("StopTransaction", stop(7)) == {}
    [kept] = await rejected(house)
    assert (kept.action, kept.reason) == ("StopTransaction", "handler_failed")
    assert await pile.result("Heartbeat", {})
