"""Payloads that were seen in the field: each row of data/field_quirks.jsonl, with its sources, and what it is read as."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from tests.support.messages16 import AT, Sample, meter_values, start, status, stop

from forecourt.ocpp import v16, v201
from forecourt.ocpp.codec import PayloadError, decode_request, decode_result
from forecourt.ocpp.primitives import Payload
from forecourt.ocpp.repairs import Repaired, as_meant, repair, repair_result
from forecourt.ocpp.version import Version

# Seen in the field: each row with its sources.
ROWS = (Path(__file__).parent / "data" / "field_quirks.jsonl").read_text("utf-8").splitlines()
QUIRKS: dict[str, dict[str, Any]] = {row["id"]: row for row in map(json.loads, ROWS)}
VERSIONS = {"1.6": Version.V16, "2.0.1": Version.V201}

SHANGHAI = ZoneInfo("Asia/Shanghai")


def received(row: dict[str, Any]) -> Repaired:
    """The way of one payload through the gateway: strict; if that fails, repaired; then as it is meant."""
    version, frame = VERSIONS[row["ver"]], row["frame"]
    kind, _, action = row["kind"].partition(":")
    payload = json.dumps(frame[2 if kind == "result" else 3]).encode()
    action, strict, mend = (
        (action, decode_result, repair_result) if kind == "result" else (frame[2], decode_request, repair)
    )
    try:
        return as_meant(strict(version, action, payload))
    except PayloadError:
        return mend(version, action, payload, zone=SHANGHAI)


EXPECTED: dict[str, tuple[Payload, tuple[str, ...]]] = {
    "R08": (v16.HeartbeatRequest(), ("null payload is {}",)),
    "B02": (
        v16.BootNotificationRequest(
            charge_point_model="Wallbox",
            charge_point_vendor="V",
            charge_point_serial_number="S" * 26,
            charge_box_serial_number="B" * 34,
        ),
        ("over-long text kept", "over-long text kept"),
    ),
    "S02": (
        status(status="Unavailable", timestamp=AT + timedelta(microseconds=124_098)),
        ("null is absent",),
    ),
    "S04": (status(timestamp=datetime(1970, 1, 1, 0, 0, 0, 740_000, UTC)), ()),
    "S06": (status(timestamp=AT + timedelta(hours=2)), ()),
    "S08": (
        status(
            status="Faulted",
            error_code="OtherError",
            timestamp=AT,
            vendor_id="EN+",
            info='{"reason":"faults","cpv":0,"rv":0,"more":"xxxxxxxxxxxxxxxxxxxx"}',
            vendor_error_code="0" * 64,
        ),
        ("over-long text kept", "over-long text kept"),
    ),
    "M02": (
        meter_values(
            Sample(
                value="0.00",
                context="Transaction.Begin",
                measurand="Energy.Active.Import.Register",
                unit="kWh",
            )
        ),
        ("single item put in a list",),
    ),
    "M04": (
        meter_values(
            Sample(value="49.97", measurand="Frequency", unit="Hertz"),
            Sample(value="0.0", measurand="Current.Import", phase="L2", unit="A"),
        ),
        ("unit's symbol read as its name", "blanks trimmed"),
    ),
    "M06": (
        meter_values(Sample(value="1234", measurand="Energy.Active.Import.Register")),
        ("blanks trimmed", "empty sample left out"),
    ),
    "M08": (
        meter_values(
            Sample(value="3.4", measurand="Power.Active.Import", unit="kW"),
            Sample(value="113500", measurand="Energy.Active.Import.Register", unit="Wh"),
        ),
        (),
    ),
    "M12": (meter_values(Sample(value="1"), transaction_id=999999), ()),
    "T02": (stop(transaction_id=0), ()),
    "T04": (stop(transaction_id=424242), ()),
    "T06": (stop(id_tag="ABCDEFGHIJKLMNOPQRST-"), ("over-long text kept",)),
    "T08": (start(timestamp=AT - timedelta(hours=8)), ("time zone assumed", "reservation 0 is none")),
    "T12": (start(meter_start=13), ("measured fraction rounded",)),
    "T16": (
        v201.TransactionEventRequest(
            event_type="Started",
            timestamp=AT,
            trigger_reason="CablePluggedIn",
            seq_no=1,
            transaction_info=v201.Transaction(transaction_id="x2"),
            evse=v201.EVSE(id=1, connector_id=1),
        ),
        ("empty list",),
    ),
    "G02": (
        v16.GetConfigurationResponse(
            configuration_key=(v16.KeyValue(key="HeartbeatInterval", readonly=True, value="60"),)
        ),
        ("boolean written as text or number", "text written as a number"),
    ),
    "G04": (
        v16.GetConfigurationResponse(
            configuration_key=(
                v16.KeyValue(key="ChargingScheduleAllowedChargingRateUnit", readonly=True, value="W"),
                v16.KeyValue(key="SupportedFeatureProfiles", readonly=True, value="Core, SmartCharging"),
            )
        ),
        (),
    ),
}


@pytest.mark.parametrize("quirk", QUIRKS)
def test_a_quirk_seen_in_the_field(quirk: str) -> None:
    read = received(QUIRKS[quirk])
    assert (read.message, read.applied) == EXPECTED[quirk]
    assert len(read.places) == len(read.applied)
