"""A virtual pile's answers to the CSMS's calls in OCPP 2.0.1: one row for each action it knows."""

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from types import MappingProxyType
from typing import Any

from forecourt.ocpp.errors import ErrorCode
from forecourt.ocpp.primitives import Payload
from forecourt.ocpp.v201 import (
    ChangeAvailabilityRequest,
    ChangeAvailabilityResponse,
    ChargingProfile,
    ClearCacheRequest,
    ClearCacheResponse,
    ClearChargingProfileRequest,
    ClearChargingProfileResponse,
    DataTransferRequest,
    DataTransferResponse,
    GetBaseReportRequest,
    GetBaseReportResponse,
    GetTransactionStatusRequest,
    GetTransactionStatusResponse,
    GetVariablesRequest,
    GetVariablesResponse,
    RequestStartTransactionRequest,
    RequestStartTransactionResponse,
    RequestStopTransactionRequest,
    RequestStopTransactionResponse,
    ResetRequest,
    ResetResponse,
    SetChargingProfileRequest,
    SetChargingProfileResponse,
    SetVariablesRequest,
    SetVariablesResponse,
    TriggerMessageRequest,
    TriggerMessageResponse,
    UnlockConnectorRequest,
    UnlockConnectorResponse,
)
from forecourt.simulator.ceilings import Profile
from forecourt.simulator.device import Cause, Identity, RemoteStart
from forecourt.simulator.operations import Operations
from forecourt.simulator.variables201 import get_variable, reports, set_variable


def answer(pile: Operations, action: str, request: Payload) -> Payload | ErrorCode:
    """What 2.0.1 knows and this pile does not is NotSupported (Part 4 §4.3)."""
    row = ANSWERS.get(action)
    return row(pile, request) if row is not None else ErrorCode.NOT_SUPPORTED


def _request_start(pile: Operations, request: RequestStartTransactionRequest) -> Payload:
    identity = Identity(request.id_token.id_token, request.id_token.type)
    evse = pile.start(request.evse_id, RemoteStart(identity, request.remote_start_id))
    if evse is None:
        return RequestStartTransactionResponse(status="Rejected")
    if request.charging_profile is not None:
        pile.set_profile(_profile(evse.id, request.charging_profile, pile.clock.now()))
    # F01.FR.13: the transaction that began when the cable was plugged in
    running = evse.charge.id if evse.charge is not None else None
    return RequestStartTransactionResponse(status="Accepted", transaction_id=running)


def _request_stop(pile: Operations, request: RequestStopTransactionRequest) -> Payload:
    stopped = pile.stop(lambda charge: charge.id == request.transaction_id)
    return RequestStopTransactionResponse(status="Accepted" if stopped else "Rejected")


def _transaction_status(pile: Operations, request: GetTransactionStatusRequest) -> Payload:
    """E14: without an id, only whether messages are queued."""
    charges = [evse.charge.id for evse in pile.device.evses if evse.charge is not None]
    ongoing = None if request.transaction_id is None else request.transaction_id in charges
    return GetTransactionStatusResponse(ongoing_indicator=ongoing, messages_in_queue=pile.line.unsent > 0)


def _reset(pile: Operations, request: ResetRequest) -> Payload:
    """B11, B12; a single EVSE can't be reset (B11.FR.09)."""
    if request.evse_id is not None:
        return ResetResponse(status="Rejected")
    if request.type == "OnIdle":
        return ResetResponse(status=pile.reset_when_idle())
    pile.reset(Cause.SOFT_RESET, "RemoteReset")
    return ResetResponse(status="Accepted")


def _unlock(pile: Operations, request: UnlockConnectorRequest) -> Payload:
    """F05.FR.02: not while an authorised transaction runs."""
    evse = pile.device.evse(request.evse_id)
    if evse is None or request.connector_id != 1:
        return UnlockConnectorResponse(status="UnknownConnector")
    if evse.charge is not None and evse.charge.identity is not None:
        return UnlockConnectorResponse(status="OngoingAuthorizedTransaction")
    return UnlockConnectorResponse(status="Unlocked")


def _change_availability(pile: Operations, request: ChangeAvailabilityRequest) -> Payload:
    evse_id = request.evse.id if request.evse is not None else 0
    changed = pile.change_availability(evse_id, request.operational_status == "Operative")
    return ChangeAvailabilityResponse(status=changed)


def _trigger(pile: Operations, request: TriggerMessageRequest) -> Payload:
    evse_id = request.evse.id if request.evse is not None else None
    return TriggerMessageResponse(status=pile.trigger(request.requested_message, evse_id))


def _get_variables(pile: Operations, request: GetVariablesRequest) -> Payload:
    settings = pile.device.settings
    found = tuple(get_variable(settings, wanted) for wanted in request.get_variable_data)
    return GetVariablesResponse(get_variable_result=found)


def _set_variables(pile: Operations, request: SetVariablesRequest) -> Payload:
    changed = tuple(set_variable(pile, wanted) for wanted in request.set_variable_data)
    return SetVariablesResponse(set_variable_result=changed)


def _base_report(pile: Operations, request: GetBaseReportRequest) -> Payload:
    """B07: the report follows the answer. A summary is optional."""
    if request.report_base == "SummaryInventory":
        return GetBaseReportResponse(status="NotSupported")
    full = request.report_base == "FullInventory"
    for report in reports(pile.device.settings, request.request_id, pile.clock.now(), full):
        pile.line.after_reply(partial(pile.line.send, "NotifyReport", report))
    return GetBaseReportResponse(status="Accepted")


def _data_transfer(pile: Operations, request: DataTransferRequest) -> Payload:
    return DataTransferResponse(status="UnknownVendorId")


def _clear_cache(pile: Operations, request: ClearCacheRequest) -> Payload:
    """C11: there is no cache to clear."""
    return ClearCacheResponse(status="Rejected")


def _set_profile(pile: Operations, request: SetChargingProfileRequest) -> Payload:
    profile = _profile(request.evse_id, request.charging_profile, pile.clock.now())
    return SetChargingProfileResponse(status="Accepted" if pile.set_profile(profile) else "Rejected")


def _clear_profiles(pile: Operations, request: ClearChargingProfileRequest) -> Payload:
    """K10: what is not given matches everything; an id alone decides."""
    criteria = request.charging_profile_criteria

    def is_meant(profile: Profile) -> bool:
        if request.charging_profile_id is not None:
            return profile.id == request.charging_profile_id
        if criteria is None:
            return True
        wanted = (criteria.evse_id, criteria.charging_profile_purpose, criteria.stack_level)
        has = (profile.evse_id, profile.purpose, profile.stack_level)
        return all(want is None or want == given for want, given in zip(wanted, has, strict=True))

    cleared = pile.clear_profiles(is_meant)
    return ClearChargingProfileResponse(status="Accepted" if cleared else "Unknown")


def _profile(evse_id: int, profile: ChargingProfile, now: datetime) -> Profile:
    """Of several schedules (ISO 15118), the first."""
    schedule = profile.charging_schedule[0]
    return Profile(
        id=profile.id,
        evse_id=evse_id,
        purpose=profile.charging_profile_purpose,
        stack_level=profile.stack_level,
        unit=schedule.charging_rate_unit,
        start=schedule.start_schedule or now,
        duration_s=schedule.duration,
        valid_from=profile.valid_from,
        valid_to=profile.valid_to,
        periods=tuple((p.start_period, float(p.limit)) for p in schedule.charging_schedule_period),
    )


ANSWERS: Mapping[str, Callable[[Operations, Any], Payload]] = MappingProxyType(
    {
        "RequestStartTransaction": _request_start,
        "RequestStopTransaction": _request_stop,
        "GetTransactionStatus": _transaction_status,
        "Reset": _reset,
        "UnlockConnector": _unlock,
        "ChangeAvailability": _change_availability,
        "TriggerMessage": _trigger,
        "GetVariables": _get_variables,
        "SetVariables": _set_variables,
        "GetBaseReport": _base_report,
        "DataTransfer": _data_transfer,
        "ClearCache": _clear_cache,
        "SetChargingProfile": _set_profile,
        "ClearChargingProfile": _clear_profiles,
    }
)
