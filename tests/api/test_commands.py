"""Commands: recorded once, waited for, shown as far as the caller may see; any OCPP call."""

import asyncio
from typing import Any

import msgspec
import pytest
from tests.api.conftest import Api, accepting, pile_that

from forecourt.domain.command import Command, CommandState, RawCall, RemoteStart

RESET = {"kind": "Reset"}


async def test_a_command_is_recorded_as_queued(connected: Api) -> None:
    answer = await connected.call("POST", "/piles/PILE-1/commands", RESET, role="operator")
    command = answer.json()
    assert (answer.status_code, command["state"], command["pile_id"]) == (202, "queued", "PILE-1")
    assert command["request"] == {"kind": "Reset", "when_idle": True, "evse_id": None}
    assert command["requested_by"].startswith("the operator (API token ")
    assert await connected.get(f"/commands/{command['id']}", role="viewer") == command
    assert (await connected.get("/commands?pile_id=PILE-1"))["items"] == [command]
    assert (await connected.get("/commands?pile_id=PILE-2"))["items"] == []


async def test_whoever_waits_is_told_when_it_is_decided(connected: Api) -> None:
    await pile_that(connected, accepting({"status": "Accepted"}))
    command = (await connected.call("POST", "/piles/PILE-1/commands", RESET)).json()
    decided = await connected.get(f"/commands/{command['id']}?wait=30")
    assert (decided["state"], decided["result"]) == ("accepted", {"status": "Accepted"})


async def test_whoever_waits_in_vain_gets_the_state_as_it_is(connected: Api) -> None:
    command = (await connected.call("POST", "/piles/PILE-1/commands", RESET)).json()
    assert (await connected.get(f"/commands/{command['id']}?wait=1"))["state"] == "queued"
    assert (await connected.call("GET", "/commands/none?wait=1")).status_code == 404


async def test_what_is_decided_while_nobody_tells_is_seen_at_the_end(connected: Api) -> None:
    command = (await connected.call("POST", "/piles/PILE-1/commands", RESET)).json()
    waiting = asyncio.ensure_future(connected.get(f"/commands/{command['id']}?wait=1"))
    await asyncio.sleep(0.1)
    stored = await connected.sv.store.command(command["id"])
    assert stored is not None
    await connected.sv.store.write(msgspec.structs.replace(stored, state=CommandState.REJECTED, error="no"))
    assert (await waiting)["error"] == "no"


async def test_the_same_key_is_the_same_command(connected: Api) -> None:
    offered = await pile_that(connected, lambda command: command)
    first = await connected.call("POST", "/piles/PILE-1/commands", RESET, key="k1")
    again = await connected.call("POST", "/piles/PILE-1/commands", RESET, key="k1")
    other = await connected.call("POST", "/piles/PILE-1/commands", RESET, key="k2")
    assert first.json() == again.json()
    assert other.json()["id"] != first.json()["id"]
    assert offered == [first.json()["id"], other.json()["id"]]


async def test_the_same_key_many_times_at_once_is_one_command(connected: Api) -> None:
    calls = (connected.call("POST", "/piles/PILE-1/commands", RESET, key="k") for _ in range(20))
    answers = await asyncio.gather(*calls)
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert len((await connected.get("/commands"))["items"]) == 1


@pytest.mark.parametrize(
    ("pile", "body"),
    [
        ("PILE-2", RESET),
        ("PILE-1", {"kind": "Reset", "when_idle": False}),
        ("PILE-1", {"kind": "GetBaseReport"}),
    ],
)
async def test_a_key_is_not_taken_for_another_command(
    connected: Api, pile: str, body: dict[str, Any]
) -> None:
    await connected.call("POST", "/piles/PILE-1/commands", RESET, key="k")
    answer = await connected.call("POST", f"/piles/{pile}/commands", body, key="k")
    assert (answer.status_code, answer.json()["type"]) == (
        422,
        "urn:forecourt:problem:idempotency-key-reused",
    )


async def test_a_key_belongs_to_its_caller(connected: Api) -> None:
    answers = [
        await connected.call("POST", "/piles/PILE-1/commands", RESET, role=role, key="k")
        for role in ("admin", "operator")
    ]
    assert len({answer.json()["id"] for answer in answers}) == 2


@pytest.mark.parametrize("key", ["", " ", "k" * 129, "a b", "é".encode()])
async def test_keys_that_are_no_keys(connected: Api, key: str | bytes) -> None:
    answer = await connected.call(
        "POST",
        "/piles/PILE-1/commands",
        RESET,
        headers={b"idempotency-key": key if isinstance(key, bytes) else key.encode()},
    )
    assert answer.status_code == 400


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({}, "$"),
        ({"kind": "Explode"}, "$.kind"),
        ({"kind": "RawCall", "action": "Reset", "payload": {}}, "$.kind"),
        ({"kind": "Reset", "evse": 1}, "$"),
        ({"kind": "UnlockConnector"}, "$"),
        ({"kind": "RemoteStart", "token_uid": 7}, "$.token_uid"),
    ],
)
async def test_commands_that_there_are_not(connected: Api, body: dict[str, Any], path: str) -> None:
    answer = await connected.call("POST", "/piles/PILE-1/commands", body)
    assert (answer.status_code, answer.json()["errors"][0]["path"]) == (422, path)


async def test_a_pile_that_there_is_not(connected: Api) -> None:
    assert (await connected.call("POST", "/piles/NONE/commands", RESET)).status_code == 404


async def test_viewers_see_no_token_and_nobody_a_password(connected: Api) -> None:
    start = {"kind": "RemoteStart", "token_uid": "04A2B3C4D5E680"}
    change = {"kind": "ChangeConfiguration", "key": "SecurityCtrlr.BasicAuthPassword", "value": "s3cr3t"}
    for body in (start, change):
        assert (await connected.call("POST", "/piles/PILE-1/commands", body)).status_code == 202
    shown = await connected.get("/commands", role="viewer")
    assert "04A2B3C4" not in str(shown)
    assert "s3cr3t" not in str(shown)
    assert "04A2B3C4D5E680" in str(await connected.get("/commands", role="operator"))
    assert "s3cr3t" not in str(await connected.get("/commands", role="admin"))


async def test_any_ocpp_call_is_answered_with_what_the_pile_said(connected: Api) -> None:
    await pile_that(connected, accepting({"status": "Accepted", "odd": [1, 2.5, None]}))
    answer = await connected.call(
        "POST", "/piles/PILE-1/ocpp", {"action": "GetLog", "payload": {"requestId": 1}}
    )
    assert answer.status_code == 200, answer.text
    assert answer.json()["result"] == {"status": "Accepted", "odd": [1, 2.5, None]}
    stored = await connected.sv.store.command(answer.json()["command_id"])
    assert stored is not None
    assert stored.request == RawCall("GetLog", {"requestId": 1})


async def test_any_ocpp_call_is_audited_without_passwords(connected: Api) -> None:
    await pile_that(connected, accepting({}))
    payload = {"setVariableData": [{"variable": {"name": "BasicAuthPassword"}, "attributeValue": "s3cr3t"}]}
    await connected.call("POST", "/piles/PILE-1/ocpp", {"action": "SetVariables", "payload": payload})
    entries = (await connected.get("/audit?subject=PILE-1"))["items"]
    [entry] = [row for row in entries if row["action"] == "pile.ocpp"]
    assert entry["detail"].startswith("SetVariables ")
    assert entry["actor"].startswith("the admin (API token ")
    assert "s3cr3t" not in str(entries)


async def test_a_pile_that_refuses_the_message(connected: Api) -> None:
    def refuse(command: Command) -> Command:
        error = "NotImplemented: what?"
        return msgspec.structs.replace(
            command, state=CommandState.REJECTED, error=error, sent_at=command.created_at
        )

    await pile_that(connected, refuse)
    answer = await connected.call("POST", "/piles/PILE-1/ocpp", {"action": "Nonsense"})
    assert answer.status_code == 200
    assert (answer.json()["state"], answer.json()["error"], answer.json()["result"]) == (
        "rejected", "NotImplemented: what?", None,
    )  # fmt: skip


async def test_a_pile_that_may_not_be_sent_anything(connected: Api) -> None:
    error = "the pile's registration is new: RawCall may not be sent"
    await pile_that(
        connected, lambda command: msgspec.structs.replace(command, state=CommandState.REJECTED, error=error)
    )
    answer = await connected.call("POST", "/piles/PILE-1/ocpp", {"action": "GetLog"})
    assert (answer.status_code, answer.json()["type"]) == (409, "urn:forecourt:problem:conflict")
    assert error in answer.json()["detail"]


@pytest.mark.parametrize("state", [CommandState.TIMED_OUT, CommandState.UNKNOWN])
async def test_a_pile_that_does_not_answer(connected: Api, state: CommandState) -> None:
    await pile_that(connected, lambda command: msgspec.structs.replace(command, state=state, error="lost"))
    answer = await connected.call("POST", "/piles/PILE-1/ocpp", {"action": "GetLog"})
    problem = answer.json()
    assert (answer.status_code, problem["type"]) == (504, "urn:forecourt:problem:no-answer")
    assert (await connected.get(f"/commands/{problem['command_id']}"))["state"] == state.value


async def test_only_administrators_see_what_went_around_the_checks(connected: Api) -> None:
    await pile_that(connected, accepting({"inside": "out"}))
    answer = await connected.call("POST", "/piles/PILE-1/ocpp", {"action": "GetLog", "payload": {"a": "b"}})
    path = f"/commands/{answer.json()['command_id']}"
    seen = await connected.get(path, role="operator")
    assert (seen["request"]["payload"], seen["result"]) == ({}, None)
    assert (await connected.get(path))["result"] == {"inside": "out"}


async def test_a_remote_start_has_an_id_of_its_own(connected: Api) -> None:
    body = {"kind": "RemoteStart", "token_uid": "T", "evse_id": 1}
    ids = [(await connected.call("POST", "/piles/PILE-1/commands", body)).json()["id"] for _ in range(2)]
    commands = [await connected.sv.store.command(one) for one in ids]
    assert len({command.remote_start_id for command in commands if command is not None}) == 2
    assert all(command is not None and isinstance(command.request, RemoteStart) for command in commands)
