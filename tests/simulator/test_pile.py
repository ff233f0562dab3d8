"""A virtual pile against a central system on a real socket, both versions: charges, refusals, outages."""

from collections import Counter
from datetime import datetime
from typing import Any

import pytest
from tests.simulator.csms import Csms, Payload, running
from tests.simulator.piles import BOTH, PILE, TOKEN, ZEEKR, pile_at, registers_201, times, until

from forecourt.twin.cars import car_at, step


async def test_a_whole_session_in_16() -> None:
    async with running(Csms()) as csms, pile_at(csms, "1.6", speed=120) as pile:
        await csms.until(lambda: csms.statuses()[-1:] == ["Available"] and csms.of("StopTransaction"))
        assert csms.invalid == []
        assert csms.actions()[:2] == ["BootNotification", "StatusNotification"]
        assert [a for a in csms.actions() if a in ("Authorize", "StartTransaction", "StopTransaction")] == [
            "Authorize",
            "StartTransaction",
            "StopTransaction",
        ]
        assert csms.statuses() == ["Available", "Preparing", "Charging", "Finishing", "Available"]
        (start,), (stop,) = csms.of("StartTransaction"), csms.of("StopTransaction")
        assert start["idTag"] == TOKEN.uid
        assert stop["transactionId"] == 1
        registers = [int(v["meterValue"][0]["sampledValue"][0]["value"]) for v in csms.of("MeterValues")]
        assert len(registers) >= 1
        assert [start["meterStart"], *registers, stop["meterStop"]] == sorted(
            [start["meterStart"], *registers, stop["meterStop"]]
        )
        assert stop["meterStop"] - start["meterStart"] > 5_000
        assert int(pile.device.evses[0].meter_wh) == stop["meterStop"]


async def test_a_whole_session_in_201() -> None:
    async with running(Csms()) as csms, pile_at(csms, "2.0.1", speed=120) as pile:
        await csms.until(lambda: csms.statuses()[-1:] == ["Available"] and csms.ended())
        assert csms.invalid == []
        assert csms.statuses() == ["Available", "Occupied", "Available"]
        events = csms.events()
        assert [e["seqNo"] for e in events] == list(range(len(events)))
        assert {e["transactionInfo"]["transactionId"] for e in events} == {
            events[0]["transactionInfo"]["transactionId"]
        }
        told = [(e["eventType"], e["triggerReason"]) for e in events]
        assert told[:3] == [
            ("Started", "CablePluggedIn"),
            ("Updated", "Authorized"),
            ("Updated", "ChargingStateChanged"),
        ]
        assert told[-1] == ("Ended", "ChargingStateChanged")
        assert set(told[3:-1]) == {("Updated", "MeterValuePeriodic")}
        assert events[1]["idToken"] == {"idToken": TOKEN.uid, "type": "ISO14443"}
        assert events[-1]["transactionInfo"]["stoppedReason"] == "SOCLimitReached"
        assert registers_201(events) == sorted(registers_201(events))
        assert registers_201(events)[-1] == int(pile.device.evses[0].meter_wh)
        assert not any(e.get("offline") for e in events)


async def test_every_register_is_what_the_curve_gives_for_the_time() -> None:
    async with running(Csms()) as csms, pile_at(csms, "2.0.1", speed=120):
        await csms.until(csms.ended)
        began, *later = [e for e in csms.events() if e["triggerReason"] != "CablePluggedIn"][1:]
        soc = began["meterValue"][0]["sampledValue"][2]["value"]
        for event, at in zip(later, times(later), strict=True):
            seconds = (at - times([began])[0]).total_seconds()
            car = step(car_at(ZEEKR, soc), 600_000, 600, seconds)
            expected = car.stored_wh - car_at(ZEEKR, soc).stored_wh
            taken = registers_201([event])[0] - registers_201([began])[0]
            # The state of charge is told in tenths (95 Wh), the time of a message a moment after its reading.
            assert taken == pytest.approx(expected, abs=250)


async def test_an_id_of_any_characters_reaches_the_central_system_whole() -> None:
    strange = "充电桩 1/a%2F*?#"
    async with running(Csms()) as csms, pile_at(csms, "2.0.1", busy=0, pile_id=strange):
        await csms.until(lambda: csms.statuses() == ["Available"])
        assert {pile for pile, _, _ in csms.heard} == {strange}


@BOTH
async def test_a_refused_driver_leaves_without_a_charge(version: str) -> None:
    csms = Csms()
    invalid = (
        {"idTagInfo": {"status": "Invalid"}} if version == "1.6" else {"idTokenInfo": {"status": "Invalid"}}
    )
    csms.answer = lambda action, payload: invalid if action == "Authorize" else csms.accept(action, payload)
    async with running(csms), pile_at(csms, version) as pile:
        before = pile.device.evses[0].meter_wh
        await csms.until(lambda: len(csms.statuses()) > 2 and csms.statuses()[-1] == "Available")
        assert csms.invalid == []
        assert pile.device.evses[0].meter_wh == before
        assert csms.of("StartTransaction") == []
        if version == "2.0.1":
            await csms.until(lambda: len(csms.events()) == 2)
            ended = csms.events()[-1]
            assert (ended["eventType"], ended["triggerReason"]) == ("Ended", "EVCommunicationLost")


@BOTH
async def test_a_token_refused_only_at_the_start_stops_the_charge(version: str) -> None:
    csms = Csms()

    def answer(action: str, payload: Payload) -> Payload:
        given = csms.accept(action, payload)
        if action == "StartTransaction":
            given["idTagInfo"] = {"status": "Blocked"}
        if payload.get("triggerReason") == "Authorized":
            given = {"idTokenInfo": {"status": "Blocked"}}
        return given

    csms.answer = answer
    async with running(csms), pile_at(csms, version):
        await csms.until(lambda: csms.of("StopTransaction") or csms.events("Deauthorized"))
        (stop,) = csms.of("StopTransaction") or csms.events("Deauthorized")
        assert "DeAuthorized" in (stop.get("reason"), stop.get("transactionInfo", {}).get("stoppedReason"))


@BOTH
async def test_what_happens_offline_is_told_in_order_when_the_line_is_back(version: str) -> None:
    csms = Csms()
    async with running(csms) as server, pile_at(csms, version, speed=300) as pile:
        await csms.until(lambda: csms.of("StartTransaction") or csms.events("Authorized"))
        csms.refuse_with = 503
        heard = len(csms.heard)
        await server.cut(PILE)
        await until(lambda: pile.device.evses[0].charge is None)
        assert len(csms.heard) == heard
        csms.refuse_with = None
        await csms.until(lambda: csms.of("StopTransaction") or csms.ended())
        assert csms.invalid == []
        assert csms.actions().count("BootNotification") == 1  # back after an outage, not after a reboot
        if version == "1.6":
            (stop,) = csms.of("StopTransaction")
            assert stop["transactionId"] == 1
            assert stop["meterStop"] == int(pile.device.evses[0].meter_wh)
            return
        events = csms.events()
        assert [e["seqNo"] for e in events] == list(range(len(events)))
        assert events[-1]["eventType"] == "Ended"
        assert events[-1]["offline"] is True
        assert registers_201(events) == sorted(registers_201(events))


async def test_a_16_session_that_began_and_ended_offline_gets_its_id_on_replay() -> None:
    csms = Csms()
    async with running(csms) as server, pile_at(csms, "1.6", speed=900) as pile:
        await csms.until(lambda: "Preparing" in csms.statuses())
        csms.refuse_with = 503
        await server.cut(PILE)
        await until(lambda: pile.device.evses[0].charge is None)
        csms.refuse_with = None
        await csms.until(lambda: csms.of("StopTransaction"))
        (start,), (stop,) = csms.of("StartTransaction"), csms.of("StopTransaction")
        assert stop["transactionId"] == 1
        assert stop["meterStop"] > start["meterStart"]
        assert all(values["transactionId"] == 1 for values in csms.of("MeterValues"))
        assert datetime.fromisoformat(stop["timestamp"]) > datetime.fromisoformat(start["timestamp"])


@BOTH
async def test_a_transaction_message_without_an_answer_is_sent_again(version: str) -> None:
    csms, refused = Csms(), Counter[str]()

    def answer(action: str, payload: Payload) -> Payload | list[Any]:
        if action in ("StopTransaction", "TransactionEvent") and not refused[action]:
            refused[action] += 1
            return ["InternalError", "try again"]
        return csms.accept(action, payload)

    csms.answer = answer
    async with running(csms), pile_at(csms, version):
        await csms.until(lambda: csms.connections)
        await csms.until(lambda: "StatusNotification" in csms.actions())
        await csms.call(PILE, *_set_retry(version))
        await csms.until(lambda: len(csms.of("StopTransaction")) > 1 or len(csms.events()) > 1)
        first, second = (csms.of("StopTransaction") or csms.events())[:2]
        assert first == second


async def test_a_pile_that_the_csms_forgot_boots_again() -> None:
    csms, booted = Csms(), Counter[str]()

    def answer(action: str, payload: Payload) -> Payload | list[Any]:
        if action == "BootNotification":
            booted["times"] += 1
        elif action == "StatusNotification" and booted["times"] == 1:
            return ["SecurityError", "boot first"]
        return csms.accept(action, payload)

    csms.answer = answer
    async with running(csms), pile_at(csms, "2.0.1", busy=0):
        await csms.until(lambda: booted["times"] == 2)
        await csms.until(lambda: csms.statuses() == ["Available", "Available"])


def _set_retry(version: str) -> tuple[str, Payload]:
    if version == "1.6":
        return "ChangeConfiguration", {"key": "TransactionMessageRetryInterval", "value": "0"}
    variable = {"name": "MessageAttemptInterval", "instance": "TransactionEvent"}
    named = {"component": {"name": "OCPPCommCtrlr"}, "variable": variable, "attributeValue": "0"}
    return "SetVariables", {"setVariableData": [named]}
