"""The load driver: whole sessions of both versions, and every failure counted by its name."""

from typing import Any

import pytest
from tests.simulator.csms import Csms, Payload, running

from forecourt.simulator.load import Options, Report, pile_id, run_load, token_uid

BOTH = pytest.mark.parametrize("version", ["1.6", "2.0.1"])


async def load(csms: Csms, version: str, **options: Any) -> Report:
    wanted: dict[str, Any] = {"piles": 5, "seconds": 0.3, "warmup_s": 0.1} | options
    return await run_load(Options(url=csms.url, version=version, **wanted))


@BOTH
async def test_sessions_are_whole_and_valid(version: str) -> None:
    async with running(Csms()) as csms:
        report = await load(csms, version)
    assert report.booted == 5
    assert report.errors == {}
    assert report.refused == 0
    assert report.calls > 50
    assert report.latency_ms["p50"] <= report.latency_ms["p99"] <= report.latency_ms["max"]
    assert csms.invalid == []
    mine = [(action, payload) for pile, action, payload in csms.heard if pile == pile_id(1)]
    session = {
        "1.6": ["Authorize", "StartTransaction", *["MeterValues"] * 5, "StopTransaction", "Heartbeat"],
        "2.0.1": [*["TransactionEvent"] * 7, "Heartbeat"],
    }[version]
    assert [action for action, _ in mine][2 : 2 + len(session)] == session
    # what was begun was ended before the piles left
    assert len(csms.of("StartTransaction")) == len(csms.of("StopTransaction"))
    kinds = [event["eventType"] for event in csms.events()]
    assert kinds.count("Started") == kinds.count("Ended")


async def test_transaction_ids_and_registers_go_on() -> None:
    async with running(Csms()) as csms:
        await load(csms, "2.0.1", piles=2)
        await load(csms, "2.0.1", piles=2)
    started = [event for event in csms.events() if event["eventType"] == "Started"]
    ids = [event["transactionInfo"]["transactionId"] for event in started]
    assert len(set(ids)) == len(ids) > 4
    assert {event["idToken"]["idToken"] for event in started} == {token_uid(1), token_uid(2)}


@BOTH
async def test_refusals_and_errors_are_counted_by_name(version: str) -> None:
    csms = Csms()
    csms.answer = lambda action, payload: (
        ["InternalError", ""] if action == "Heartbeat" else csms.accept(action, payload)
    )
    async with running(csms):
        report = await load(csms, version)
    assert set(report.errors) == {"CALLERROR InternalError Heartbeat"}
    assert report.errors["CALLERROR InternalError Heartbeat"] > 1


async def test_a_blocked_token_is_counted_as_refused() -> None:
    csms = Csms()

    def answer(action: str, payload: Payload) -> Payload:
        given = csms.accept(action, payload)
        return {"idTagInfo": {"status": "Blocked"}} if action == "Authorize" else given

    csms.answer = answer
    async with running(csms):
        report = await load(csms, "1.6")
    assert report.refused > 1


async def test_a_server_that_lets_nobody_in() -> None:
    csms = Csms()
    csms.refuse_with = 401
    async with running(csms):
        report = await load(csms, "1.6")
    assert (report.booted, report.calls) == (0, 0)
    assert sum(report.errors.values()) == 5
    assert all(name.startswith("connect: ") for name in report.errors)
