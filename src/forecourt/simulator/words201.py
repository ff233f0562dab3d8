"""A virtual pile's words in OCPP 2.0.1: which message says what happened."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from types import MappingProxyType
from typing import get_args

import msgspec

from forecourt.ocpp.primitives import Payload
from forecourt.ocpp.v201 import (
    EVSE,
    AuthorizeRequest,
    AuthorizeResponse,
    BootNotificationRequest,
    BootNotificationResponse,
    ChargingStation,
    HeartbeatRequest,
    IdToken,
    MeterValue,
    MeterValuesRequest,
    SampledValue,
    StatusNotificationRequest,
    Transaction,
    TransactionEventRequest,
    TransactionEventResponse,
    UnitOfMeasure,
)
from forecourt.ocpp.v201.enums import (
    BootReasonEnum,
    ChargingStateEnum,
    ConnectorStatusEnum,
    IdTokenEnum,
    MeasurandEnum,
    ReadingContextEnum,
    ReasonEnum,
    TransactionEventEnum,
    TriggerReasonEnum,
)
from forecourt.simulator.device import Cause, Charge, Device, Evse, Identity, Moment, Plug, Reading
from forecourt.simulator.message import Booted, TransactionMessage


class _Event(msgspec.Struct, frozen=True):
    """What a TransactionEvent says at a moment of a charge."""

    type: TransactionEventEnum
    trigger: TriggerReasonEnum
    context: ReadingContextEnum
    token: bool = False


EVENTS: Mapping[Moment, _Event] = MappingProxyType(
    {
        Moment.PLUGGED: _Event("Started", "CablePluggedIn", "Transaction.Begin"),
        Moment.AUTHORIZED: _Event("Updated", "Authorized", "Other", token=True),
        Moment.CHARGING: _Event("Updated", "ChargingStateChanged", "Other"),
        Moment.SAMPLE: _Event("Updated", "MeterValuePeriodic", "Sample.Periodic"),
        Moment.TRIGGERED: _Event("Updated", "Trigger", "Trigger"),
        Moment.SUSPENDED: _Event("Updated", "ChargingStateChanged", "Other"),
        Moment.STOPPED: _Event("Ended", "StopAuthorized", "Transaction.End"),
    }
)
CAUSES: Mapping[Cause, tuple[TriggerReasonEnum, ReasonEnum]] = MappingProxyType(
    {
        Cause.DRIVER: ("StopAuthorized", "Local"),
        Cause.SOC: ("ChargingStateChanged", "SOCLimitReached"),
        Cause.REMOTE: ("RemoteStop", "Remote"),
        Cause.DEAUTHORIZED: ("Deauthorized", "DeAuthorized"),
        Cause.SOFT_RESET: ("ResetCommand", "ImmediateReset"),
        Cause.HARD_RESET: ("ResetCommand", "ImmediateReset"),
        Cause.UNLOCK: ("UnlockCommand", "Other"),
        Cause.UNPLUGGED: ("EVCommunicationLost", "EVDisconnected"),
    }
)
STATES: Mapping[Plug, ChargingStateEnum] = MappingProxyType(
    {
        Plug.FREE: "Idle",
        Plug.PLUGGED: "EVConnected",
        Plug.CHARGING: "Charging",
        Plug.SUSPENDED: "SuspendedEV",
        Plug.FINISHING: "EVConnected",
    }
)


def boot(device: Device, reason: str) -> Payload:
    station = ChargingStation(
        vendor_name=device.spec.vendor,
        model=device.spec.model,
        serial_number=device.spec.id[:25],
        firmware_version=device.spec.firmware,
    )
    return BootNotificationRequest(charging_station=station, reason=msgspec.convert(reason, BootReasonEnum))


def booted(response: Payload) -> Booted:
    assert isinstance(response, BootNotificationResponse)
    return Booted(response.status, response.interval)


def heartbeat() -> Payload:
    return HeartbeatRequest()


def id_token(identity: Identity) -> IdToken:
    """A type that 2.0.1 does not have (a card of 1.6 has none) is Central: "generated in the CSMS"."""
    known = identity.type in get_args(IdTokenEnum)
    kind = msgspec.convert(identity.type if known else "Central", IdTokenEnum)
    return IdToken(id_token=identity.uid, type=kind)


def authorize(identity: Identity) -> Payload:
    return AuthorizeRequest(id_token=id_token(identity))


def authorized(response: Payload) -> bool:
    assert isinstance(response, AuthorizeResponse)
    return response.id_token_info.status == "Accepted"


def state(evse: Evse) -> ConnectorStatusEnum:
    if evse.plug is not Plug.FREE:
        return "Occupied"
    return "Available" if evse.operative else "Unavailable"


def status(evse: Evse, now: datetime) -> Payload:
    return StatusNotificationRequest(
        timestamp=now, connector_status=state(evse), evse_id=evse.id, connector_id=1
    )


def meter_values(evse: Evse, reading: Reading, now: datetime) -> Payload:
    """MeterValues for a TriggerMessage; those of a transaction go into its TransactionEvents."""
    return MeterValuesRequest(evse_id=evse.id, meter_value=(_meter_value(reading, now, "Trigger"),))


def transaction_message(
    moment: Moment, evse: Evse, reading: Reading, now: datetime, offline: bool
) -> TransactionMessage | None:
    """The TransactionEvent of this moment. `seqNo` counts when it happens, not when it is sent (E01.FR.07)."""
    charge = evse.charge
    if charge is None:
        return None
    request = _event(moment, evse, charge, reading, now, offline)
    charge.seq_no += 1

    def take(response: Payload) -> None:
        assert isinstance(response, TransactionEventResponse)
        info = response.id_token_info
        # E05: StopTxOnInvalidId
        if info is not None and info.status != "Accepted":
            evse.stop(Cause.DEAUTHORIZED)

    return TransactionMessage("TransactionEvent", lambda: request, take)


def _event(
    moment: Moment, evse: Evse, charge: Charge, reading: Reading, now: datetime, offline: bool
) -> TransactionEventRequest:
    row, ended = EVENTS[moment], moment is Moment.STOPPED
    trigger, reason = CAUSES[charge.cause or Cause.DRIVER] if ended else (row.trigger, None)
    if moment is Moment.AUTHORIZED and charge.remote_start_id is not None:
        trigger = "RemoteStart"
    told = row.token or (ended and trigger == "StopAuthorized")
    return TransactionEventRequest(
        event_type=row.type,
        timestamp=now,
        trigger_reason=trigger,
        seq_no=charge.seq_no,
        offline=offline or None,
        evse=EVSE(id=evse.id, connector_id=1) if moment is Moment.PLUGGED else None,
        id_token=id_token(charge.identity) if told and charge.identity is not None else None,
        transaction_info=Transaction(
            transaction_id=charge.id,
            charging_state=STATES[evse.plug],
            stopped_reason=reason,
            remote_start_id=charge.remote_start_id if row.token else None,
        ),
        meter_value=(_meter_value(reading, now, row.context),),
    )


def _meter_value(reading: Reading, now: datetime, context: ReadingContextEnum) -> MeterValue:
    def sampled(value: float, measurand: MeasurandEnum, unit: str) -> SampledValue:
        return SampledValue(
            value=Decimal(str(value)),
            context=context,
            measurand=measurand,
            unit_of_measure=UnitOfMeasure(unit=unit),
        )

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
