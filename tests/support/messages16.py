"""OCPP 1.6 messages that tests compare with: a usual one, and what differs."""

from datetime import UTC, datetime
from typing import Any

from msgspec.structs import replace

from forecourt.ocpp import v16
from forecourt.ocpp.primitives import Payload

AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def meter_values(*samples: v16.SampledValue, transaction_id: int = 7) -> Payload:
    value = v16.MeterValue(timestamp=AT, sampled_value=samples)
    return v16.MeterValuesRequest(connector_id=1, transaction_id=transaction_id, meter_value=(value,))


STATUS = v16.StatusNotificationRequest(connector_id=1, error_code="NoError", status="Available")
STOP = v16.StopTransactionRequest(meter_stop=10, timestamp=AT, transaction_id=7)
START = v16.StartTransactionRequest(connector_id=1, id_tag="A", meter_start=0, timestamp=AT)


def status(**given: Any) -> Payload:
    return replace(STATUS, **given)


def stop(**given: Any) -> Payload:
    return replace(STOP, **given)


def start(**given: Any) -> Payload:
    return replace(START, **given)


Sample = v16.SampledValue
