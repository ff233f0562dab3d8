"""What real piles send, over a real socket: one row per quirk of the field, with its source.

The rows are our own copies; messages that only concern the endpoint are in tests/ocpp.
"""

import json
from typing import Any, NamedTuple

import pytest
from tests.gateway.conftest import House, Open, until
from tests.gateway.messages import V16, V201, rejected, sessions

from forecourt.gateway import keeper

T = "2026-01-02T03:04:05Z"


class Quirk(NamedTuple):
    """A frame, and what the answer must be: the kind, and for a CALLERROR its code."""

    id: str
    version: str
    frame: str
    kind: int
    code: str = ""
    source: str = ""


def call(message_id: str, action: str, payload: Any) -> str:
    return json.dumps([2, message_id, action, payload])


def _meter(*samples: dict[str, str], transaction: int = 7) -> dict[str, Any]:
    return {
        "connectorId": 1,
        "transactionId": transaction,
        "meterValue": [{"timestamp": T, "sampledValue": list(samples)}],
    }


QUIRKS = [
    Quirk(
        "R02",
        V16,
        '[2,"m1","MeterValues",{"connectorId":1,"transactionId":7,"meterValue":[{"timestamp":"2026-01-02T03:04:05Z",'
        '"sampledValue":[,{"value":"1"}]}]}]',
        4,
        "FormationViolation",
        "lbbrhzn/ocpp#1078",
    ),
    Quirk("R08", V16, call("m3", "Heartbeat", None), 3, source="vasyas/charger-simulator"),
    Quirk(
        "R14",
        V201,
        call(
            "m4",
            "NotifyMonitoringReport",
            {
                "requestId": 1,
                "seqNo": 0,
                "generatedAt": T,
                "monitor": [
                    {
                        "component": {"name": "EVSE"},
                        "variable": {"name": "Power"},
                        "variableMonitoring": [
                            {
                                "id": 1,
                                "transaction": False,
                                "value": 10,
                                "type": "UpperThreshold",
                                "severity": 4,
                            }
                        ],
                    }
                ],
            },
        ),
        3,
        source="libocpp 2.1",
    ),
    Quirk(
        "B02",
        V16,
        call(
            "b2",
            "BootNotification",
            {
                "chargePointModel": "Wallbox",
                "chargePointVendor": "V",
                "chargePointSerialNumber": "S" * 26,
                "chargeBoxSerialNumber": "B" * 34,
            },
        ),
        3,
        source="lbbrhzn/ocpp#1622, mobilityhouse/ocpp#123",
    ),
    Quirk(
        "S02",
        V16,
        call(
            "s2",
            "StatusNotification",
            {
                "connectorId": 1,
                "errorCode": "NoError",
                "info": None,
                "status": "Unavailable",
                "timestamp": "2026-01-02T03:04:05.1240977Z",
            },
        ),
        3,
        source="mobilityhouse/ocpp#296",
    ),
    Quirk(
        "S04",
        V16,
        call(
            "s4",
            "StatusNotification",
            {
                "connectorId": 1,
                "errorCode": "NoError",
                "status": "Available",
                "timestamp": "1970-01-01T00:00:00.740Z",
            },
        ),
        3,
        source="MicroOcpp#311",
    ),
    Quirk(
        "S08",
        V16,
        call(
            "s8",
            "StatusNotification",
            {
                "connectorId": 1,
                "status": "Faulted",
                "errorCode": "OtherError",
                "timestamp": T,
                "vendorId": "EN+",
                "info": '{"reason":"faults","cpv":0,"rv":0,"more":"xxxxxxxxxxxxxxxxxxxx"}',
                "vendorErrorCode": "0" * 64,
            },
        ),
        3,
        source="lbbrhzn/ocpp#211, evcc#14673",
    ),
    Quirk(
        "M02",
        V16,
        call(
            "v2",
            "MeterValues",
            {
                "connectorId": 1,
                "transactionId": 7,
                "meterValue": {"timestamp": T, "sampledValue": [{"value": "0.00", "unit": "kWh"}]},
            },
        ),
        3,
        source="lbbrhzn/ocpp#1144",
    ),
    Quirk(
        "M04",
        V16,
        call(
            "v4",
            "MeterValues",
            _meter(
                {"value": "49.97", "measurand": "Frequency", "unit": "Hz"},
                {"value": "0.0", "measurand": "Current.Import\n", "phase": "L2", "unit": "A"},
            ),
        ),
        3,
        source="lbbrhzn/ocpp#1576",
    ),
    Quirk(
        "M06",
        V16,
        call("v6", "MeterValues", _meter({"value": " 1234 "}, {"value": "", "measurand": "Voltage"})),
        3,
        source="evcc charger/ocpp",
    ),
    Quirk(
        "M12",
        V16,
        call("vb", "MeterValues", _meter({"value": "1"}, transaction=999999)),
        3,
        source="lbbrhzn/ocpp#1749",
    ),
    Quirk(
        "T06",
        V16,
        call(
            "t6",
            "StopTransaction",
            {"meterStop": 10, "timestamp": T, "transactionId": 7, "idTag": "ABCDEFGHIJKLMNOPQRST-"},
        ),
        3,
        source="lbbrhzn/ocpp#1803",
    ),
    Quirk(
        "T08",
        V16,
        call(
            "t8",
            "StartTransaction",
            {
                "connectorId": 1,
                "idTag": "TAG1",
                "meterStart": 0,
                "reservationId": 0,
                "timestamp": "2026-01-02T03:04:05",
            },
        ),
        3,
        source="evcc#10399, ocpp-go#237",
    ),
    Quirk(
        "T12",
        V16,
        call(
            "tc",
            "StartTransaction",
            {"connectorId": 1, "idTag": "TAG1", "meterStart": 12.7, "timestamp": T},
        ),
        3,
        source="our own",
    ),
    Quirk(
        "T16",
        V201,
        call(
            "te",
            "TransactionEvent",
            {
                "eventType": "Started",
                "timestamp": T,
                "triggerReason": "CablePluggedIn",
                "seqNo": 1,
                "transactionInfo": {"transactionId": "x2"},
                "evse": {"id": 1, "connectorId": 1},
                "meterValue": [],
            },
        ),
        3,
        source="solidstudiosh VCP",
    ),
    Quirk(
        "D02",
        V16,
        call(
            "d2",
            "DataTransfer",
            {"vendorId": "EVBox", "messageId": "evbStatusNotification", "data": '{"status":"x"}'},
        ),
        3,
        source="evcc#14733",
    ),
]


@pytest.mark.parametrize("quirk", QUIRKS, ids=lambda quirk: quirk.id)
async def test_a_quirk_of_the_field(house: House, quirk: Quirk) -> None:
    pile = await house.booted(quirk.version)
    pile.text(quirk.frame)
    answer = await pile.message()
    assert answer[0] == quirk.kind, answer
    if quirk.code:
        assert answer[2] == quirk.code
    assert await pile.result("Heartbeat", {})


async def test_a_local_time_is_the_stations(house: House) -> None:
    """T08: no time zone in the stamp: the station's, here Asia/Shanghai."""
    pile = await house.booted()
    pile.text(next(quirk.frame for quirk in QUIRKS if quirk.id == "T08"))
    assert (await pile.message())[0] == 3
    [session] = await sessions(house)
    assert session.started_pile_at is not None
    assert session.started_pile_at.isoformat() == "2026-01-01T19:04:05+00:00"
    assert session.reservation_id is None


async def test_an_over_long_serial_number_is_kept(house: House) -> None:
    pile = await house.connect()
    pile.text(next(quirk.frame for quirk in QUIRKS if quirk.id == "B02"))
    await pile.message()
    known = await house.sv.store.pile("CP1")
    assert known is not None
    assert known.serial == "S" * 26


async def test_meter_values_of_nobody_are_evidence(house: House) -> None:
    pile = await house.booted()
    pile.text(next(quirk.frame for quirk in QUIRKS if quirk.id == "M12"))
    await pile.message()
    [kept] = await rejected(house)
    assert (kept.action, kept.message_id) == ("MeterValues", "vb")


async def test_a_wrong_clock_freezes_nothing(house: House) -> None:
    """S04, S06 (MicroOcpp#311, steve#136): statuses apply in the order of arrival."""
    pile = await house.booted()
    stamps = ("2036-01-02T05:04:05Z", "1970-01-01T00:00:00Z")
    for stamp, status in zip(stamps, ("Charging", "Available"), strict=True):
        payload = {"connectorId": 1, "errorCode": "NoError", "status": status, "timestamp": stamp}
        await pile.result("StatusNotification", payload)
    detail = await house.sv.store.pile_detail("CP1")
    assert detail is not None
    assert detail.evses[0].raw_status == "Available"


async def test_repairs_are_counted_across_connections(
    open_house: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeper, "TICK_S", 0.01)
    monkeypatch.setattr(keeper, "WRITE_REPAIRS_S", 0.02)
    house = await open_house()
    await house.add_pile()
    name = "text written as a number"

    async def counted() -> int:
        detail = await house.sv.store.pile_detail("CP1")
        return {row.repair: row.count for row in detail.repairs}.get(name, 0) if detail else 0

    for expected in (2, 3):
        pile = await house.booted()
        for _ in range(2 if expected == 2 else 1):
            await pile.result("Authorize", {"idTag": 7})

        async def reached(expected: int = expected) -> bool:
            return await counted() == expected

        await until(reached)
