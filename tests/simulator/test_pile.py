"""A virtual pile against a central system on a real socket, both versions: charges, commands, outages."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from random import Random
from typing import Any

import pytest
from aiohttp import ClientSession
from tests.simulator.csms import Csms, Payload, running

from forecourt.clock import start_clock
from forecourt.simulator.life import Traffic
from forecourt.simulator.network import DemoPile, DemoToken, cars
from forecourt.simulator.pile import Site, VirtualPile
from forecourt.simulator.settings import SAMPLE
from forecourt.twin.cars import car_at, step

BOTH = pytest.mark.parametrize("version", ["1.6", "2.0.1"])
PILE = "SHA-01-1"
TOKEN = DemoToken(uid="04A1B2C3D4E5F6", type="ISO14443", kind="RFID", brand="BMW", driver="Driver 1")
ZEEKR = next(model for model in cars() if model.name.startswith("Zeekr 001"))


@asynccontextmanager
async def pile_at(
    csms: Csms, version: str, *, busy: float = 1.0, speed: float = 600, connectors: int = 1, seed: int = 3
) -> AsyncIterator[VirtualPile]:
    """With a car at it from the start, unless `busy` is 0; nobody comes after that."""
    spec = DemoPile(id=PILE, version=version, vendor="Test", model="T1", firmware="1", connectors=connectors)
    traffic = Traffic(models=(ZEEKR,), time_zone="Asia/Shanghai", visits_per_day=0, busy_at_start=busy)
    async with ClientSession() as session:
        site = Site(url=csms.url, run="test", clock=start_clock(speed), session=session, tally=Counter())
        pile = VirtualPile(spec, (TOKEN,), "secret-of-the-pile", site, traffic, Random(seed))
        task = asyncio.create_task(pile.run())
        try:
            yield pile
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


def registers_201(events: list[Payload]) -> list[int]:
    return [event["meterValue"][0]["sampledValue"][0]["value"] for event in events]


def times(events: list[Payload]) -> list[datetime]:
    return [datetime.fromisoformat(event["timestamp"]) for event in events]


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
        await csms.until(lambda: csms.statuses()[-1:] == ["Available"] and csms.events("EnergyLimitReached"))
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
        assert told[-1] == ("Ended", "EnergyLimitReached")
        assert set(told[3:-1]) == {("Updated", "MeterValuePeriodic")}
        assert events[1]["idToken"] == {"idToken": TOKEN.uid, "type": "ISO14443"}
        assert events[-1]["transactionInfo"]["stoppedReason"] == "SOCLimitReached"
        assert registers_201(events) == sorted(registers_201(events))
        assert registers_201(events)[-1] == int(pile.device.evses[0].meter_wh)
        assert not any(e.get("offline") for e in events)


async def test_every_register_is_what_the_curve_gives_for_the_time() -> None:
    async with running(Csms()) as csms, pile_at(csms, "2.0.1", speed=120):
        await csms.until(lambda: csms.events("EnergyLimitReached"))
        began, *later = [e for e in csms.events() if e["triggerReason"] != "CablePluggedIn"][1:]
        soc = began["meterValue"][0]["sampledValue"][2]["value"]
        for event, at in zip(later, times(later), strict=True):
            seconds = (at - times([began])[0]).total_seconds()
            car = step(car_at(ZEEKR, soc), 600_000, 600, seconds)
            expected = car.stored_wh - car_at(ZEEKR, soc).stored_wh
            taken = registers_201([event])[0] - registers_201([began])[0]
            # The state of charge is told in tenths (95 Wh), the time of a message a moment after its reading.
            assert taken == pytest.approx(expected, abs=250)


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
            assert (ended["eventType"], ended["triggerReason"]) == ("Ended", "EVDeparted")


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
        await _until(lambda: pile.device.evses[0].charge is None)
        assert len(csms.heard) == heard
        csms.refuse_with = None
        await csms.until(lambda: csms.of("StopTransaction") or csms.events("EnergyLimitReached"))
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
        await _until(lambda: pile.device.evses[0].charge is None)
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


@BOTH
async def test_start_and_stop_from_afar(version: str) -> None:
    async with running(Csms()) as csms, pile_at(csms, version, busy=0, speed=60):
        await csms.until(lambda: csms.statuses() == ["Available"])
        answer = await csms.call(PILE, *_remote_start(version))
        assert answer[2]["status"] == "Accepted"
        await csms.until(lambda: csms.of("StartTransaction") or csms.events("ChargingStateChanged"))
        again = await csms.call(PILE, *_remote_start(version))
        assert again[2]["status"] == "Rejected"
        if version == "2.0.1":
            (remote,) = csms.events("RemoteStart")
            assert remote["transactionInfo"]["remoteStartId"] == 77
        stopped = await csms.call(PILE, *_remote_stop(version, csms))
        assert stopped[2]["status"] == "Accepted"
        await csms.until(lambda: csms.of("StopTransaction") or csms.events("RemoteStop"))
        (stop,) = csms.of("StopTransaction") or csms.events("RemoteStop")
        assert "Remote" in (stop.get("reason"), stop.get("transactionInfo", {}).get("stoppedReason"))
        unknown = await csms.call(PILE, *_remote_stop(version, csms))
        assert unknown[2]["status"] == "Rejected"
        assert "Authorize" not in csms.actions()
        assert csms.invalid == []


@pytest.mark.parametrize(("version", "kind"), [("1.6", "soft"), ("1.6", "hard"), ("2.0.1", "soft")])
async def test_a_reset_ends_the_charge_and_boots_again(version: str, kind: str) -> None:
    async with running(Csms()) as csms, pile_at(csms, version, speed=60):
        await csms.until(lambda: csms.of("StartTransaction") or csms.events("ChargingStateChanged"))
        wanted = {"1.6": kind.title(), "2.0.1": "Immediate"}[version]
        answer = await csms.call(PILE, "Reset", {"type": wanted})
        assert answer[2] == {"status": "Accepted"}
        await csms.until(lambda: csms.actions().count("BootNotification") == 2)
        await csms.until(lambda: csms.of("StopTransaction") or csms.events("ResetCommand"))
        (stop,) = csms.of("StopTransaction") or csms.events("ResetCommand")
        reasons = (stop.get("reason"), stop.get("transactionInfo", {}).get("stoppedReason"))
        assert set(reasons) & {"SoftReset", "HardReset", "ImmediateReset"}
        # A soft reset tells before it reboots, a hard one afterwards.
        ended = csms.heard.index(next(h for h in csms.heard if h[2] == stop))
        rebooted = max(i for i, action in enumerate(csms.actions()) if action == "BootNotification")
        assert (ended < rebooted) == (kind == "soft")
        if version == "2.0.1":
            assert [boot["reason"] for boot in csms.of("BootNotification")] == ["PowerUp", "RemoteReset"]


async def test_a_reset_on_idle_waits_for_the_end_of_the_transaction() -> None:
    async with running(Csms()) as csms, pile_at(csms, "2.0.1", speed=900):
        await csms.until(lambda: csms.events("ChargingStateChanged"))
        answer = await csms.call(PILE, "Reset", {"type": "OnIdle"})
        assert answer[2] == {"status": "Scheduled"}
        await csms.until(lambda: csms.actions().count("BootNotification") == 2)
        assert csms.events("EnergyLimitReached")
        assert csms.of("BootNotification")[1]["reason"] == "ScheduledReset"


@BOTH
async def test_a_pile_waits_until_it_is_accepted(version: str) -> None:
    csms, boots = Csms(), Counter[str]()

    def answer(action: str, payload: Payload) -> Payload:
        given = csms.accept(action, payload)
        if action == "BootNotification":
            boots["asked"] += 1
            given["status"] = ["Rejected", "Pending", "Accepted"][boots["asked"] - 1]
            given["interval"] = 1
        return given

    csms.answer = answer
    async with running(csms), pile_at(csms, version):
        await csms.until(lambda: boots["asked"] == 3)
        await csms.until(lambda: "StatusNotification" in csms.actions())
        assert csms.actions()[:4] == ["BootNotification"] * 3 + ["StatusNotification"]


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


@BOTH
async def test_it_identifies_itself_with_its_password_and_with_a_new_one(version: str) -> None:
    async with running(Csms()) as csms, pile_at(csms, version, busy=0):
        await csms.until(lambda: csms.statuses() == ["Available"])
        answer = await csms.call(PILE, *_change(version, "password", "another-secret-0123"))
        assert _accepted(answer)
        await csms.until(lambda: csms.connections == 2)
        first, second = csms.authorizations
        assert first.startswith("Basic ")
        assert first != second


@BOTH
async def test_a_charging_profile_is_a_ceiling(version: str) -> None:
    async with running(Csms()) as csms, pile_at(csms, version, speed=120) as pile:
        await csms.until(lambda: csms.of("StartTransaction") or csms.events("ChargingStateChanged"))
        answer = await csms.call(PILE, *_profile(version, 40_000))
        assert answer[2]["status"] == "Accepted"
        evse, clock = pile.device.evses[0], pile.operations.clock
        assert pile.device.reading(evse, clock.now()).power_w == 40_000
        meter = evse.meter_wh
        await csms.call(PILE, "ClearChargingProfile", {})
        await _until(lambda: evse.meter_wh > meter)
        assert pile.device.reading(evse, clock.now()).power_w > 40_000


@BOTH
async def test_unavailable_until_available_again(version: str) -> None:
    async with running(Csms()) as csms, pile_at(csms, version, busy=0):
        await csms.until(lambda: csms.statuses() == ["Available"])
        for operative, expected in ((False, "Unavailable"), (True, "Available")):
            answer = await csms.call(PILE, *_availability(version, operative))
            assert answer[2] == {"status": "Accepted"}
            await csms.until(lambda: csms.statuses()[-1] == expected)  # noqa: B023
        assert csms.invalid == []


async def test_two_cars_share_the_power_of_a_pile() -> None:
    async with running(Csms()) as csms, pile_at(csms, "2.0.1", connectors=2, speed=60) as pile:
        await csms.until(lambda: len(csms.events("ChargingStateChanged")) == 2)
        now = pile.operations.clock.now()
        limits = [pile.device.limits(evse, now) for evse in pile.device.evses]
        assert [power for power, _ in limits] == [300_000, 300_000]


@BOTH
async def test_messages_on_request(version: str) -> None:
    async with running(Csms()) as csms, pile_at(csms, version, busy=0):
        await csms.until(lambda: csms.statuses() == ["Available"])
        for message in ("Heartbeat", "StatusNotification", "MeterValues", "BootNotification"):
            count = csms.actions().count(message)
            answer = await csms.call(PILE, "TriggerMessage", {"requestedMessage": message})
            assert answer[2] == {"status": "Accepted"}
            await csms.until(lambda: csms.actions().count(message) > count)  # noqa: B023
        unknown = {"requestedMessage": "FirmwareStatusNotification"}
        answer = await csms.call(PILE, "TriggerMessage", unknown)
        assert answer[2] == {"status": "NotImplemented"}
        assert csms.invalid == []


@BOTH
async def test_settings_are_read_changed_and_refused(version: str) -> None:
    async with running(Csms()) as csms, pile_at(csms, version, busy=0) as pile:
        await csms.until(lambda: csms.statuses() == ["Available"])
        assert _accepted(await csms.call(PILE, *_change(version, "sample", "7")))
        assert not _accepted(await csms.call(PILE, *_change(version, "sample", "seven")))
        assert not _accepted(await csms.call(PILE, *_change(version, "read-only", "true")))
        assert not _accepted(await csms.call(PILE, *_change(version, "unknown", "7")))
        answer = await csms.call(PILE, *_read(version, "sample"))
        text = str(answer[2])
        assert "'7'" in text
        assert pile.device.settings.seconds(SAMPLE) == 7
        assert csms.invalid == []


async def test_a_16_pile_lists_every_key_and_keeps_its_password() -> None:
    async with running(Csms()) as csms, pile_at(csms, "1.6", busy=0):
        await csms.until(lambda: csms.statuses() == ["Available"])
        answer = await csms.call(PILE, "GetConfiguration", {})
        keys = {entry["key"]: entry for entry in answer[2]["configurationKey"]}
        assert keys["NumberOfConnectors"]["value"] == "1"
        assert "value" not in keys["AuthorizationKey"]
        assert csms.invalid == []


async def test_a_201_pile_reports_its_device_model() -> None:
    async with running(Csms()) as csms, pile_at(csms, "2.0.1", busy=0):
        await csms.until(lambda: csms.statuses() == ["Available"])
        wanted = {"requestId": 9, "reportBase": "FullInventory"}
        answer = await csms.call(PILE, "GetBaseReport", wanted)
        assert answer[2] == {"status": "Accepted"}
        await csms.until(lambda: csms.of("NotifyReport") and not csms.of("NotifyReport")[-1]["tbc"])
        reports = csms.of("NotifyReport")
        assert [r["seqNo"] for r in reports] == list(range(len(reports)))
        variables = {d["variable"]["name"] for r in reports for d in r["reportData"]}
        assert {"HeartbeatInterval", "TxUpdatedInterval", "SupplyPower", "TxStopPoint"} <= variables
        assert csms.invalid == []


@BOTH
async def test_what_it_does_not_know_is_refused_by_name(version: str) -> None:
    async with running(Csms()) as csms, pile_at(csms, version, busy=0):
        await csms.until(lambda: csms.statuses() == ["Available"])
        assert (await csms.call(PILE, "GetLocalListVersion", {}))[2] == "NotSupported"
        assert (await csms.call(PILE, "MakeCoffee", {}))[2] == "NotImplemented"
        bad = await csms.call(PILE, "Reset", {"type": "Sideways"})
        assert bad[0] == 4


async def _until(is_so: Any, seconds: float = 15) -> None:
    async with asyncio.timeout(seconds):
        while not is_so():
            await asyncio.sleep(0.02)


def _accepted(answer: list[Any]) -> bool:
    return answer[0] == 3 and "'Accepted'" in str(answer[2])


def _remote_start(version: str) -> tuple[str, Payload]:
    if version == "1.6":
        return "RemoteStartTransaction", {"connectorId": 1, "idTag": "REMOTE"}
    token = {"idToken": "REMOTE", "type": "Central"}
    return "RequestStartTransaction", {"evseId": 1, "idToken": token, "remoteStartId": 77}


def _remote_stop(version: str, csms: Csms) -> tuple[str, Payload]:
    if version == "1.6":
        return "RemoteStopTransaction", {"transactionId": 1}
    transaction = csms.events()[0]["transactionInfo"]["transactionId"]
    return "RequestStopTransaction", {"transactionId": transaction}


NAMES = {
    "sample": ("MeterValueSampleInterval", "SampledDataCtrlr", "TxUpdatedInterval"),
    "password": ("AuthorizationKey", "SecurityCtrlr", "BasicAuthPassword"),
    "read-only": ("LocalAuthorizeOffline", "TxCtrlr", "TxStartPoint"),
    "unknown": ("NoSuchKey", "SampledDataCtrlr", "NoSuchVariable"),
}


def _change(version: str, what: str, value: str) -> tuple[str, Payload]:
    key, component, variable = NAMES[what]
    if version == "1.6":
        return "ChangeConfiguration", {"key": key, "value": value}
    named = {"component": {"name": component}, "variable": {"name": variable}}
    return "SetVariables", {"setVariableData": [named | {"attributeValue": value}]}


def _read(version: str, what: str) -> tuple[str, Payload]:
    key, component, variable = NAMES[what]
    if version == "1.6":
        return "GetConfiguration", {"key": [key]}
    named = {"component": {"name": component}, "variable": {"name": variable}}
    return "GetVariables", {"getVariableData": [named]}


def _set_retry(version: str) -> tuple[str, Payload]:
    if version == "1.6":
        return "ChangeConfiguration", {"key": "TransactionMessageRetryInterval", "value": "0"}
    variable = {"name": "MessageAttemptInterval", "instance": "TransactionEvent"}
    named = {"component": {"name": "OCPPCommCtrlr"}, "variable": variable, "attributeValue": "0"}
    return "SetVariables", {"setVariableData": [named]}


def _availability(version: str, operative: bool) -> tuple[str, Payload]:
    wanted = "Operative" if operative else "Inoperative"
    if version == "1.6":
        return "ChangeAvailability", {"connectorId": 0, "type": wanted}
    return "ChangeAvailability", {"evse": {"id": 1}, "operationalStatus": wanted}


def _profile(version: str, limit_w: int) -> tuple[str, Payload]:
    periods = [{"startPeriod": 0, "limit": limit_w}]
    common = {
        "stackLevel": 0,
        "chargingProfilePurpose": "TxDefaultProfile",
        "chargingProfileKind": "Absolute",
    }
    if version == "1.6":
        schedule: Payload = {"chargingRateUnit": "W", "chargingSchedulePeriod": periods}
        profile = common | {"chargingProfileId": 1, "chargingSchedule": schedule}
        return "SetChargingProfile", {"connectorId": 1, "csChargingProfiles": profile}
    schedule = {"id": 1, "chargingRateUnit": "W", "chargingSchedulePeriod": periods}
    profile = common | {"id": 1, "chargingSchedule": [schedule]}
    return "SetChargingProfile", {"evseId": 1, "chargingProfile": profile}
