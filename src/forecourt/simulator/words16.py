"""A virtual pile's words in OCPP 1.6: which message says what happened."""

from collections.abc import Callable, Mapping
from datetime import datetime
from types import MappingProxyType

from forecourt.ocpp.primitives import Payload
from forecourt.ocpp.v16 import (
    AuthorizeRequest,
    AuthorizeResponse,
    BootNotificationRequest,
    BootNotificationResponse,
    HeartbeatRequest,
    MeterValue,
    MeterValuesRequest,
    SampledValue,
    StartTransactionRequest,
    StartTransactionResponse,
    StatusNotificationRequest,
    StopTransactionRequest,
    StopTransactionResponse,
)
from forecourt.ocpp.v16.enums import ChargePointStatus, Measurand, ReadingContext, Reason, UnitOfMeasure
from forecourt.simulator.device import Cause, Charge, Device, Evse, Identity, Moment, Plug, Reading
from forecourt.simulator.message import Booted, TransactionMessage

STATUSES: Mapping[Plug, ChargePointStatus] = MappingProxyType(
    {
        Plug.FREE: "Available",
        Plug.PLUGGED: "Preparing",
        Plug.CHARGING: "Charging",
        Plug.SUSPENDED: "SuspendedEV",
        Plug.FINISHING: "Finishing",
    }
)
REASONS: Mapping[Cause, Reason] = MappingProxyType(
    {
        Cause.DRIVER: "Local",
        Cause.SOC: "Local",
        Cause.REMOTE: "Remote",
        Cause.DEAUTHORIZED: "DeAuthorized",
        Cause.SOFT_RESET: "SoftReset",
        Cause.HARD_RESET: "HardReset",
        Cause.UNLOCK: "UnlockCommand",
        Cause.UNPLUGGED: "EVDisconnected",
    }
)
# A transaction whose StartTransaction was never answered has no id. Its stop is sent all the same: the
# energy must not be lost. Real piles send 0 or -1.
NO_TRANSACTION = -1


def boot(device: Device, reason: str) -> Payload:
    """1.6 has no word for the reason."""
    return BootNotificationRequest(
        charge_point_vendor=device.spec.vendor,
        charge_point_model=device.spec.model,
        charge_point_serial_number=device.spec.id[:25],
        firmware_version=device.spec.firmware,
    )


def booted(response: Payload) -> Booted:
    assert isinstance(response, BootNotificationResponse)
    return Booted(response.status, response.interval)


def heartbeat() -> Payload:
    return HeartbeatRequest()


def authorize(identity: Identity) -> Payload:
    return AuthorizeRequest(id_tag=identity.uid)


def authorized(response: Payload) -> bool:
    assert isinstance(response, AuthorizeResponse)
    return response.id_tag_info.status == "Accepted"


def state(evse: Evse) -> ChargePointStatus:
    if evse.plug is Plug.FREE and not evse.operative:
        return "Unavailable"
    return STATUSES[evse.plug]


def status(evse: Evse, now: datetime) -> Payload:
    return StatusNotificationRequest(
        connector_id=evse.id, error_code="NoError", status=state(evse), timestamp=now
    )


def meter_values(evse: Evse, reading: Reading, now: datetime) -> Payload:
    """MeterValues for a TriggerMessage, with the transaction if there is one."""
    number = evse.charge.number if evse.charge else None
    return MeterValuesRequest(
        connector_id=evse.id, transaction_id=number, meter_value=(_meter_value(reading, now, "Trigger"),)
    )


def _started(
    evse: Evse, charge: Charge, reading: Reading, now: datetime, offline: bool
) -> TransactionMessage:
    identity = charge.identity
    assert identity is not None
    request = StartTransactionRequest(
        connector_id=evse.id, id_tag=identity.uid, meter_start=reading.energy_wh, timestamp=now
    )

    def take(response: Payload) -> None:
        assert isinstance(response, StartTransactionResponse)
        charge.number = response.transaction_id
        # StopTransactionOnInvalidId (§9.1)
        if response.id_tag_info.status != "Accepted":
            evse.stop(Cause.DEAUTHORIZED)

    return TransactionMessage("StartTransaction", lambda: request, take)


def _sampled(
    evse: Evse, charge: Charge, reading: Reading, now: datetime, offline: bool
) -> TransactionMessage:
    value = (_meter_value(reading, now, "Sample.Periodic"),)
    return TransactionMessage(
        "MeterValues",
        lambda: MeterValuesRequest(connector_id=evse.id, transaction_id=_number(charge), meter_value=value),
    )


def _stopped(
    evse: Evse, charge: Charge, reading: Reading, now: datetime, offline: bool
) -> TransactionMessage | None:
    if not charge.begun:
        return None
    cause = charge.cause or Cause.DRIVER

    def make() -> Payload:
        # Built when it is sent: only then is the answer to the StartTransaction here.
        return StopTransactionRequest(
            id_tag=charge.identity.uid if charge.identity and cause is Cause.DRIVER else None,
            meter_stop=reading.energy_wh,
            timestamp=now,
            transaction_id=_number(charge),
            reason=REASONS[cause],
        )

    def take(response: Payload) -> None:
        assert isinstance(response, StopTransactionResponse)

    return TransactionMessage("StopTransaction", make, take)


def _number(charge: Charge) -> int:
    return NO_TRANSACTION if charge.number is None else charge.number


def _meter_value(reading: Reading, now: datetime, context: ReadingContext) -> MeterValue:
    def sampled(value: float, measurand: Measurand, unit: UnitOfMeasure) -> SampledValue:
        return SampledValue(value=str(value), context=context, measurand=measurand, unit=unit)

    return MeterValue(
        timestamp=now,
        sampled_value=(
            sampled(reading.energy_wh, "Energy.Active.Import.Register", "Wh"),
            sampled(reading.power_w, "Power.Active.Import", "W"),
            sampled(reading.soc_percent, "SoC", "Percent"),
            sampled(reading.voltage_v, "Voltage", "V"),
            sampled(reading.current_a, "Current.Import", "A"),
        ),
    )


Tell = Callable[[Evse, Charge, Reading, datetime, bool], TransactionMessage | None]
MOMENTS: Mapping[Moment, Tell] = MappingProxyType(
    {Moment.CHARGING: _started, Moment.SAMPLE: _sampled, Moment.STOPPED: _stopped}
)


def transaction_message(
    moment: Moment, evse: Evse, reading: Reading, now: datetime, offline: bool
) -> TransactionMessage | None:
    """What 1.6 says at this moment of a charge; it has no words for plugging in or authorising."""
    tell = MOMENTS.get(moment)
    if tell is None or evse.charge is None:
        return None
    return tell(evse, evse.charge, reading, now, offline)
