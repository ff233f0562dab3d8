"""What is repaired, what it is read as, and what is refused all the same."""

import json
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from tests.support.messages16 import AT, Sample, meter_values, start, stop

from forecourt.ocpp import v16, v201
from forecourt.ocpp.codec import PayloadError
from forecourt.ocpp.errors import ErrorCode
from forecourt.ocpp.repairs import Repaired, as_meant, repair, repair_result
from forecourt.ocpp.version import Version

SHANGHAI = ZoneInfo("Asia/Shanghai")


def mended(action: str, payload: Any, version: Version = Version.V16) -> Repaired:
    return repair(version, action, json.dumps(payload).encode())


BASES: dict[str, dict[str, Any]] = {
    "Authorize": {"idTag": "A"},
    "BootNotification": {"chargePointVendor": "V", "chargePointModel": "M"},
    "StatusNotification": {"connectorId": 1, "errorCode": "NoError", "status": "Available"},
    "StopTransaction": {"meterStop": 10, "timestamp": "2026-01-02T03:04:05Z", "transactionId": 7},
}


@pytest.mark.parametrize(
    ("action", "given", "attribute", "value", "name"),
    [
        ("StopTransaction", {"idTag": None}, "id_tag", None, "null is absent"),
        ("StopTransaction", {"meterStop": "10"}, "meter_stop", 10, "number written as text"),
        ("StopTransaction", {"meterStop": " 10.0\n"}, "meter_stop", 10, "number written as text"),
        (
            "StopTransaction",
            {"transactionId": 7.0},
            "transaction_id",
            7,
            "integer written with a fraction of zero",
        ),
        ("StopTransaction", {"meterStop": 12.5}, "meter_stop", 13, "measured fraction rounded"),
        ("StopTransaction", {"idTag": 4711}, "id_tag", "4711", "text written as a number"),
        ("StopTransaction", {"idTag": True}, "id_tag", "true", "text written as a number"),
        ("StopTransaction", {"idTag": "A" * 20 + "\n"}, "id_tag", "A" * 20, "blanks trimmed"),
        ("StopTransaction", {"reason": "Local\n"}, "reason", "Local", "blanks trimmed"),
        (
            "StopTransaction",
            {"reason": "EV_DISCONNECTED"},
            "reason",
            "EVDisconnected",
            "enumeration respelled",
        ),
        ("StopTransaction", {"reason": "Overheated"}, "reason", "Other", "unknown value read as other"),
        ("StopTransaction", {"price": 3}, "transaction_id", 7, "unknown property dropped"),
        ("StopTransaction", {"idtag": "A"}, "id_tag", "A", "property respelled"),
        ("StopTransaction", {"reason": {"a": 1}}, "reason", None, "unreadable property left out"),
        ("StopTransaction", {"timestamp": "2026-01-02 03:04:05Z"}, "timestamp", AT, "time respelled"),
        ("StopTransaction", {"timestamp": "2026-01-02T11:04:05+0800"}, "timestamp", AT, "time respelled"),
        ("StopTransaction", {"timestamp": "2026-01-02T11:04:05+08"}, "timestamp", AT, "time respelled"),
        ("StopTransaction", {"timestamp": "2026-01-02T03:04:05Z\0"}, "timestamp", AT, "time respelled"),
        ("StopTransaction", {"timestamp": "2026-01-02T03:04:05,Z"}, "timestamp", AT, "time respelled"),
        ("StopTransaction", {"timestamp": "2026-01-02T03:04:05"}, "timestamp", AT, "time zone assumed"),
        ("StatusNotification", {"timestamp": ""}, "timestamp", None, "empty time is absent"),
        ("StatusNotification", {"timestamp": "yesterday"}, "timestamp", None, "unreadable property left out"),
        (
            "StatusNotification",
            {"errorCode": "E-Stop"},
            "error_code",
            "OtherError",
            "unknown value read as other",
        ),
        ("StatusNotification", {"connectorId": "0"}, "connector_id", 0, "number written as text"),
        ("BootNotification", {"iccid": 8986}, "iccid", "8986", "text written as a number"),
        (
            "BootNotification",
            {"chargePointVendor": "V" * 21},
            "charge_point_vendor",
            "V" * 21,
            "over-long text kept",
        ),
        ("Authorize", {"idTag": "A" * 21}, "id_tag", "A" * 21, "over-long text kept"),
    ],
)
def test_a_single_repair(action: str, given: dict[str, Any], attribute: str, value: Any, name: str) -> None:
    read = mended(action, BASES[action] | given)
    assert (getattr(read.message, attribute), read.applied) == (value, (name,))
    assert read.places == (f"/{next(iter(given))}",)


@pytest.mark.parametrize(
    ("action", "given", "code"),
    [
        ("StopTransaction", {"meterStop": None}, ErrorCode.OCCURRENCE_CONSTRAINT_VIOLATION),
        ("StopTransaction", {"meterStop": ""}, ErrorCode.TYPE_CONSTRAINT_VIOLATION),
        ("StopTransaction", {"meterStop": "12,7"}, ErrorCode.TYPE_CONSTRAINT_VIOLATION),
        ("StopTransaction", {"meterStop": "NaN"}, ErrorCode.TYPE_CONSTRAINT_VIOLATION),
        ("StopTransaction", {"meterStop": True}, ErrorCode.TYPE_CONSTRAINT_VIOLATION),
        ("StopTransaction", {"transactionId": 7.5}, ErrorCode.TYPE_CONSTRAINT_VIOLATION),
        ("StopTransaction", {"transactionId": "x7"}, ErrorCode.TYPE_CONSTRAINT_VIOLATION),
        ("StopTransaction", {"timestamp": ""}, ErrorCode.OCCURRENCE_CONSTRAINT_VIOLATION),
        ("StopTransaction", {"timestamp": "2026-02-30T00:00:00"}, ErrorCode.PROPERTY_CONSTRAINT_VIOLATION),
        ("StatusNotification", {"status": "Sleeping"}, ErrorCode.PROPERTY_CONSTRAINT_VIOLATION),
        ("StatusNotification", {"connectorId": 1.5}, ErrorCode.TYPE_CONSTRAINT_VIOLATION),
        ("Authorize", {"idTag": {"id": "A"}}, ErrorCode.TYPE_CONSTRAINT_VIOLATION),
        ("Authorize", {"idTag": None}, ErrorCode.OCCURRENCE_CONSTRAINT_VIOLATION),
    ],
)
def test_what_is_not_certain_is_refused(action: str, given: dict[str, Any], code: ErrorCode) -> None:
    with pytest.raises(PayloadError) as caught:
        mended(action, BASES[action] | given)
    assert caught.value.code is code
    assert caught.value.path == f"/{next(iter(given))}"


def test_what_is_no_json_is_refused() -> None:
    with pytest.raises(PayloadError) as caught:
        repair(Version.V16, "MeterValues", b'{"connectorId":1,"transactionId":,"meterValue":[]}')
    assert caught.value.code is ErrorCode.FORMAT_VIOLATION


def sampled(*samples: Any, version: Version = Version.V16) -> tuple[tuple[Any, ...], tuple[str, ...]]:
    """These samples in a message with one good sample, as they are read."""
    good = {"value": "1" if version is Version.V16 else 1, "measurand": "SoC"}
    value = {"timestamp": "2026-01-02T03:04:05Z", "sampledValue": [good, *samples]}
    place = {"connectorId": 1} if version is Version.V16 else {"evseId": 1}
    read = mended("MeterValues", place | {"meterValue": [value]}, version)
    return read.message.meter_value[0].sampled_value[1:], read.applied  # type: ignore[attr-defined]


LEFT_OUT = ((), ("unreadable sample left out",))


def test_an_unknown_unit_or_measurand_is_kept_as_reported() -> None:
    (sample,), applied = sampled({"value": "1", "measurand": "Wind\n", "unit": "Bft"})
    assert (sample.measurand, sample.unit) == ("Wind", "Bft")
    assert applied == ("unknown value kept as reported",) * 2


@pytest.mark.parametrize(
    ("given", "unit"),
    [("KWH", "kWh"), (" Wh", "Wh"), ("%", "Percent"), ("Hz", "Hertz"), ("Celcius\n", "Celcius")],
)
def test_a_unit_in_another_spelling(given: str, unit: str) -> None:
    (sample,), _ = sampled({"value": "1", "unit": given})
    assert sample.unit == unit


@pytest.mark.parametrize(
    "sample",
    [
        {"measurand": "Voltage"},
        {"value": None},
        {"value": {}},
        {"value": "1", "unit": 7.5, "scale": 3},
        "1",
        None,
    ],
)
def test_an_unreadable_sample_is_left_out_and_the_others_stay(sample: Any) -> None:
    samples, applied = sampled(sample)
    assert samples == ()
    assert applied in (("unreadable sample left out",), ("null is absent",))


def test_a_number_whose_unit_can_not_be_read_is_left_out() -> None:
    """Without its unit it would be read as Wh."""
    v201_ = Version.V201
    assert sampled({"value": 3, "unitOfMeasure": {"unit": ["kWh"]}}, version=v201_) == LEFT_OUT
    assert sampled({"value": 3, "unitOfMeasure": {"multiplier": "k"}}, version=v201_) == LEFT_OUT
    assert sampled({"value": 3, "unitOfMeasure": {"unit": "Wh", "exponent": 3}}, version=v201_) == LEFT_OUT
    assert sampled({"value": 3, "multiplier": 3}, version=v201_) == LEFT_OUT
    assert sampled({"value": 3, "unit": "kWh", "unitOfMeasure": {"unit": "Wh"}}, version=v201_) == LEFT_OUT
    assert sampled({"value": "3", "unit": {"kWh": 1}}) == LEFT_OUT
    assert sampled({"value": "3", "unitOfMeasure": {"unit": "kWh"}}) == LEFT_OUT


@pytest.mark.parametrize(
    "unit", [{"unit": "kWh"}, {"unitOfMeasure": "kWh"}, {"unitOfMeasure": {"Unit": "kWh"}}]
)
def test_a_unit_of_201_in_the_wrong_place_is_not_lost(unit: dict[str, Any]) -> None:
    (sample,), applied = sampled({"value": 3.5} | unit, version=Version.V201)
    assert (sample.value, sample.unit_of_measure) == (Decimal("3.5"), v201.UnitOfMeasure(unit="kWh"))
    assert len(applied) == 1


def test_a_value_of_201_written_as_text() -> None:
    (sample,), applied = sampled({"value": " 12.50 "}, version=Version.V201)
    assert sample.value == Decimal("12.50")
    assert applied == ("number written as text",)
    assert sampled({"value": ""}, version=Version.V201) == LEFT_OUT
    assert sampled({"value": "12,5"}, version=Version.V201) == LEFT_OUT


def test_meter_values_without_any_that_can_be_read_are_still_a_message() -> None:
    """It must be acknowledged, or the pile repeats it for ever."""
    for values in ([], [{"timestamp": "x", "sampledValue": []}], [None]):
        read = mended("MeterValues", {"connectorId": 1, "meterValue": values})
        assert read.message == v16.MeterValuesRequest(connector_id=1, meter_value=())


def test_a_stop_is_saved_from_its_meter_values() -> None:
    good = {"timestamp": "2026-01-02T03:04:05Z", "sampledValue": [{"value": "5"}]}
    read = mended(
        "StopTransaction", BASES["StopTransaction"] | {"transactionData": [{"sampledValue": 1}, good]}
    )
    sample = v16.TransactionDataSampledValue(value="5")
    assert read.message == stop(
        transaction_data=(v16.TransactionData(timestamp=AT, sampled_value=(sample,)),)
    )
    assert read.applied == ("unreadable meter value left out",)
    assert read.places == ("/transactionData/0",)


EVENT = {
    "eventType": "Updated",
    "timestamp": "2026-01-02T03:04:05Z",
    "triggerReason": "MeterValuePeriodic",
    "seqNo": 3,
    "transactionInfo": {"transactionId": "x"},
}


def test_a_transaction_event_is_saved() -> None:
    given = {
        "triggerReason": "CableGnawed",
        "seqNo": "3",
        "offline": "True",
        "evse": {"id": None},
        "customData": {"no": "vendor"},
        "idToken": {"idToken": "A" * 40, "type": "iso14443"},
        "transactionInfo": {"transactionId": "t" * 40, "stoppedReason": "Gnawed", "chargingState": "Bitten"},
    }
    read = mended("TransactionEvent", EVENT | given, Version.V201)
    assert read.message == v201.TransactionEventRequest(
        event_type="Updated",
        timestamp=AT,
        trigger_reason="CableGnawed",  # type: ignore[arg-type]
        seq_no=3,
        offline=True,
        id_token=v201.IdToken(id_token="A" * 40, type="ISO14443"),
        transaction_info=v201.Transaction(transaction_id="t" * 40, stopped_reason="Other"),
    )
    assert read.places.count("/evse") == 1
    assert sorted(read.applied) == sorted(
        (
            "unknown value kept as reported",
            "number written as text",
            "boolean written as text or number",
            "unreadable property left out",
            "unreadable property left out",
            "unreadable property left out",
            "over-long text kept",
            "enumeration respelled",
            "over-long text kept",
            "unknown value read as other",
        )
    )


def test_an_optional_property_of_another_message_is_not_left_out() -> None:
    """A pile that asks something can ask it again."""
    with pytest.raises(PayloadError):
        mended("Authorize", {"idToken": {"idToken": "A", "type": "Local"}, "certificate": {}}, Version.V201)


def test_unknown_properties_go_all_at_once_and_the_places_stay_right() -> None:
    given = {f"x{index}": index for index in range(50_000)}
    read = mended("StopTransaction", given | BASES["StopTransaction"] | {"idTag": None})
    assert read.message == stop()
    assert read.places == ("/x0", "/idTag")


def test_a_time_without_a_zone_is_the_stations_own() -> None:
    payload = json.dumps(BASES["StopTransaction"] | {"timestamp": "2026-07-01T12:00:00.1234567"}).encode()
    for zone, hour in ((None, 12), (UTC, 12), (SHANGHAI, 4), (ZoneInfo("Europe/Paris"), 10)):
        read = repair(Version.V16, "StopTransaction", payload, zone=zone)
        assert read.message == stop(timestamp=datetime(2026, 7, 1, hour, 0, 0, 123_457, UTC))
    first = json.dumps(BASES["StopTransaction"] | {"timestamp": "0001-01-01T00:00:00"}).encode()
    read = repair(Version.V16, "StopTransaction", first, zone=timezone(timedelta(hours=14)))
    assert read.message == stop(timestamp=datetime(1, 1, 1, tzinfo=UTC))


def test_a_schedule_that_is_no_multiple_of_a_tenth_is_kept() -> None:
    period = {"startPeriod": "0", "limit": 16.66}
    payload = {
        "status": "Accepted",
        "chargingSchedule": {"chargingRateUnit": "A", "chargingSchedulePeriod": period},
    }
    read = repair_result(Version.V16, "GetCompositeSchedule", json.dumps(payload).encode())
    (read_period,) = read.message.charging_schedule.charging_schedule_period  # type: ignore[attr-defined]
    assert read_period == v16.ChargingSchedulePeriod(start_period=0, limit=Decimal("16.66"))
    assert read.applied == (
        "single item put in a list",
        "number written as text",
        "number that is no multiple of 0.1 kept",
    )


def test_as_meant_leaves_a_good_message_alone() -> None:
    for message in (start(reservation_id=3), stop(), meter_values(Sample(value="1")), v16.HeartbeatRequest()):
        read = as_meant(message)
        assert read.message is message
        assert read.applied == ()


def test_samples_of_nothing_take_their_meter_value_with_them() -> None:
    empty = v16.TransactionDataSampledValue(value=" ")
    message = stop(transaction_data=(v16.TransactionData(timestamp=AT, sampled_value=(empty,)),))
    assert as_meant(message).message == stop(transaction_data=())
    assert as_meant(message).places == ("/transactionData/0/sampledValue/0/value",)
