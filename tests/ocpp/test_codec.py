"""Strict decoding and encoding of payloads: the code, the place, and what is written."""

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import msgspec
import pytest

from forecourt.ocpp import v16, v201
from forecourt.ocpp.codec import PayloadError, decode, decode_request, decode_result, encode_payload
from forecourt.ocpp.errors import SPELLINGS
from forecourt.ocpp.primitives import CustomData
from forecourt.ocpp.version import Version

SAMPLE = b'{"connectorId":1,"meterValue":[{"timestamp":"2026-01-02T03:04:05Z","sampledValue":[%s]}]}'
STATUS = b'{"timestamp":"2026-01-02T03:04:05Z","connectorStatus":"Available","evseId":1,"connectorId":1%s}'


@pytest.mark.parametrize(
    ("action", "payload", "code", "path"),
    [
        ("Heartbeat", b"{", "FormationViolation", ""),
        ("Heartbeat", b'{"a":"\xff"}', "FormationViolation", ""),
        ("Heartbeat", b"null", "FormationViolation", ""),
        ("Heartbeat", b"[]", "FormationViolation", ""),
        ("Heartbeat", b'{"uptime":1}', "FormationViolation", "/uptime"),
        ("Authorize", b"{}", "OccurenceConstraintViolation", "/idTag"),
        ("Authorize", b'{"idTag":null}', "TypeConstraintViolation", "/idTag"),
        ("Authorize", b'{"idTag":12}', "TypeConstraintViolation", "/idTag"),
        ("Authorize", b'{"idTag":"123456789012345678901"}', "PropertyConstraintViolation", "/idTag"),
        ("MeterValues", b'{"connectorId":1,"meterValue":[]}', "OccurenceConstraintViolation", "/meterValue"),
        (
            "MeterValues",
            SAMPLE % b'{"value":1}',
            "TypeConstraintViolation",
            "/meterValue/0/sampledValue/0/value",
        ),
        (
            "MeterValues",
            SAMPLE % b'{"value":"1"},{"value":"1","unit":"Hz"}',
            "PropertyConstraintViolation",
            "/meterValue/0/sampledValue/1/unit",
        ),
        ("NoSuchAction", b"{}", "NotImplemented", ""),
    ],
)
def test_a_violation_of_16_has_its_code_and_place(action: str, payload: bytes, code: str, path: str) -> None:
    with pytest.raises(PayloadError) as caught:
        decode_request(Version.V16, action, payload)
    assert SPELLINGS[Version.V16][caught.value.code] == code
    assert caught.value.path == path
    assert caught.value.detail


@pytest.mark.parametrize(
    ("payload", "code", "path"),
    [
        (STATUS[:-2], "FormatViolation", ""),
        (b"null", "ProtocolError", ""),
        (STATUS % b',"evse":{}', "ProtocolError", "/evse"),
        (STATUS % b',"evseId":1.5', "TypeConstraintViolation", "/evseId"),
        (STATUS % b',"customData":{}', "OccurrenceConstraintViolation", "/customData/vendorId"),
        (STATUS % b',"customData":{"vendorId":1}', "TypeConstraintViolation", "/customData/vendorId"),
        (STATUS % b',"customData":[]', "TypeConstraintViolation", "/customData"),
        (STATUS % b',"connectorStatus":"Charging"', "PropertyConstraintViolation", "/connectorStatus"),
        (STATUS % b',"timestamp":"2026-01-02T03:04:05"', "PropertyConstraintViolation", "/timestamp"),
    ],
)
def test_a_violation_of_201_has_its_code_and_place(payload: bytes, code: str, path: str) -> None:
    with pytest.raises(PayloadError) as caught:
        decode_request(Version.V201, "StatusNotification", payload % () if b"%s" in payload else payload)
    assert SPELLINGS[Version.V201][caught.value.code] == code
    assert caught.value.path == path


def test_limits_in_numbers_and_lists() -> None:
    for payload, path in (
        (b'{"chargingProfileId":1,"limit":16.05}', "/limit"),
        (b'{"chargingProfileId":1,"stackLevel":1e99999}', "/stackLevel"),
    ):
        with pytest.raises(PayloadError) as caught:
            decode(v16.SetChargingProfileRequest, _profile(payload))
        assert caught.value.path.endswith(path)


def _profile(overrides: bytes) -> bytes:
    given = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode(overrides)
    period = {"startPeriod": 0, "limit": given.pop("limit", 16)}
    schedule = {"chargingRateUnit": "A", "chargingSchedulePeriod": [period]}
    profile = {
        "chargingProfileId": 1,
        "stackLevel": 0,
        "chargingProfilePurpose": "TxProfile",
        "chargingProfileKind": "Absolute",
        "chargingSchedule": schedule,
    }
    return msgspec.json.encode({"connectorId": 1, "csChargingProfiles": profile | given})


def test_an_unknown_version_or_action_is_not_implemented() -> None:
    with pytest.raises(PayloadError, match="NotImplemented"):
        decode_request(Version.V21, "Heartbeat", b"{}")
    with pytest.raises(PayloadError, match="NotImplemented"):
        decode_result(Version.V16, "TransactionEvent", b"{}")


def test_raw_bytes_of_a_frame_are_read_as_they_are() -> None:
    frame = msgspec.json.decode(b'[2,"1","Authorize",{"idTag":"A"}]', type=tuple[int, str, str, msgspec.Raw])
    assert decode_request(Version.V16, frame[2], frame[3]) == v16.AuthorizeRequest(id_tag="A")


def test_nesting_without_end_is_refused() -> None:
    deep = b'{"vendorId":"v","data":' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    with pytest.raises(PayloadError, match="FormatViolation"):
        decode(v201.DataTransferRequest, deep)


@pytest.mark.parametrize("literal", [b"1e999999999", b"1" * 4301, b"1e99999999999999999999", b"1e-999999999"])
def test_a_number_too_long_to_write_out_is_refused(literal: bytes) -> None:
    with pytest.raises(PayloadError):
        decode(v201.CostUpdatedRequest, b'{"totalCost":%s,"transactionId":"t"}' % literal)
    with pytest.raises(PayloadError):
        decode(v201.CancelReservationRequest, b'{"reservationId":%s}' % literal)


def test_numbers_are_exact() -> None:
    request = decode(v201.CostUpdatedRequest, b'{"totalCost":12345678901234567890.10,"transactionId":"t"}')
    assert request.total_cost == Decimal("12345678901234567890.10")
    assert encode_payload(request) == b'{"totalCost":12345678901234567890.10,"transactionId":"t"}'


def test_an_integer_with_a_fraction_of_zero() -> None:
    """Draft-04 (1.6) refuses it, draft-06 (2.0.1, and 1.6's security extension) accepts it."""
    assert decode(v201.CancelReservationRequest, b'{"reservationId":7.0}').reservation_id == 7
    assert type(decode(v201.CancelReservationRequest, b'{"reservationId":7e1}').reservation_id) is int
    assert decode(v16.LogStatusNotificationRequest, b'{"status":"Idle","requestId":7.0}').request_id == 7
    with pytest.raises(PayloadError, match="TypeConstraintViolation"):
        decode(v16.CancelReservationRequest, b'{"reservationId":7.0}')


def test_custom_data_keeps_what_is_in_it() -> None:
    text = b'{"customData":{"vendorId":"com.example","shade":{"x":1.50}}}'
    request = decode(v201.HeartbeatRequest, text)
    assert request.custom_data is not None
    assert request.custom_data.vendor_id == "com.example"
    assert encode_payload(request) == text
    assert (
        encode_payload(v201.HeartbeatRequest(custom_data=CustomData(vendorId="v")))
        == b'{"customData":{"vendorId":"v"}}'
    )


def test_null_is_data_where_the_schema_has_no_type() -> None:
    for text in (b'{"data":null,"vendorId":"v"}', b'{"vendorId":"v"}'):
        assert encode_payload(decode(v201.DataTransferRequest, text)) == text


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (datetime(2026, 1, 2, 3, 4, 5, 678_999, UTC), b"2026-01-02T03:04:05.678Z"),
        (datetime(2026, 1, 2, 3, 4, 5, 999, UTC), b"2026-01-02T03:04:05Z"),
        (datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone(timedelta(hours=8))), b"2026-01-01T19:04:05Z"),
    ],
)
def test_times_are_written_in_utc_with_at_most_three_decimals(moment: datetime, text: bytes) -> None:
    assert encode_payload(v16.HeartbeatResponse(current_time=moment)) == b'{"currentTime":"%s"}' % text
    nested = v16.IdTagInfo(status="Accepted", expiry_date=moment)
    data = (v16.AuthorizationData(id_tag="A", id_tag_info=nested),)
    sent = v16.SendLocalListRequest(list_version=1, update_type="Full", local_authorization_list=data)
    assert text in encode_payload(sent)


def test_a_time_without_a_zone_is_a_bug() -> None:
    with pytest.raises(ValueError, match="without a zone"):
        encode_payload(v16.HeartbeatResponse(current_time=datetime(2026, 1, 2)))  # noqa: DTZ001


def test_messages_are_frozen_and_equal_by_value() -> None:
    request = decode(v16.AuthorizeRequest, b'{"idTag":"A"}')
    assert hash(request) == hash(v16.AuthorizeRequest(id_tag="A"))
    with pytest.raises(AttributeError):
        request.id_tag = "B"  # type: ignore[misc]
