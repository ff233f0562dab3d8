"""What a central system asks of a virtual pile, both versions, on a real socket."""

from collections import Counter
from typing import Any

import pytest
from tests.simulator.csms import Csms, Payload, running
from tests.simulator.piles import BOTH, PILE, pile_at, until

from forecourt.simulator.settings import SAMPLE


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
        assert csms.ended()
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
        await until(lambda: evse.meter_wh > meter)
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
