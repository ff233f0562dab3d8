"""A virtual pile's answers to the central system's calls in OCPP 1.6: one row for each action it knows."""

from collections.abc import Callable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any

from forecourt.ocpp.errors import ErrorCode
from forecourt.ocpp.primitives import Payload
from forecourt.ocpp.v16 import (
    ChangeAvailabilityRequest,
    ChangeAvailabilityResponse,
    ChangeConfigurationRequest,
    ChangeConfigurationResponse,
    ChargingProfile,
    ClearCacheRequest,
    ClearCacheResponse,
    ClearChargingProfileRequest,
    ClearChargingProfileResponse,
    DataTransferRequest,
    DataTransferResponse,
    GetConfigurationRequest,
    GetConfigurationResponse,
    KeyValue,
    RemoteStartTransactionRequest,
    RemoteStartTransactionResponse,
    RemoteStopTransactionRequest,
    RemoteStopTransactionResponse,
    ResetRequest,
    ResetResponse,
    SetChargingProfileRequest,
    SetChargingProfileResponse,
    TriggerMessageRequest,
    TriggerMessageResponse,
    UnlockConnectorRequest,
    UnlockConnectorResponse,
)
from forecourt.ocpp.v16.enums import ConfigurationStatus
from forecourt.simulator.ceilings import Profile
from forecourt.simulator.device import Cause, Identity, RemoteStart
from forecourt.simulator.operations import Operations
from forecourt.simulator.settings import Setting, Settings

CHANGED: Mapping[str, ConfigurationStatus] = MappingProxyType(
    {"unknown": "NotSupported", "read-only": "Rejected", "invalid": "Rejected"}
)
MAX_VALUE = 500  # §7.29 KeyValue: CiString500Type


def answer(pile: Operations, action: str, request: Payload) -> Payload | ErrorCode:
    """What 1.6 knows and this pile does not is NotSupported (OCPP-J 1.6 §4.2.3)."""
    row = ANSWERS.get(action)
    return row(pile, request) if row is not None else ErrorCode.NOT_SUPPORTED


def _remote_start(pile: Operations, request: RemoteStartTransactionRequest) -> Payload:
    remote = RemoteStart(Identity(request.id_tag, ""))
    evse = pile.start(request.connector_id, remote)
    if evse is None:
        return RemoteStartTransactionResponse(status="Rejected")
    if request.charging_profile is not None:
        pile.set_profile(_profile(evse.id, request.charging_profile, pile.clock.now()))
    return RemoteStartTransactionResponse(status="Accepted")


def _remote_stop(pile: Operations, request: RemoteStopTransactionRequest) -> Payload:
    stopped = pile.stop(lambda charge: charge.number == request.transaction_id)
    return RemoteStopTransactionResponse(status="Accepted" if stopped else "Rejected")


def _reset(pile: Operations, request: ResetRequest) -> Payload:
    pile.reset(Cause.HARD_RESET if request.type == "Hard" else Cause.SOFT_RESET, "RemoteReset")
    return ResetResponse(status="Accepted")


def _unlock(pile: Operations, request: UnlockConnectorRequest) -> Payload:
    """§5.18: a transaction that is running is stopped first."""
    evse = pile.device.evse(request.connector_id)
    if evse is None:
        return UnlockConnectorResponse(status="NotSupported")
    evse.stop(Cause.UNLOCK)
    return UnlockConnectorResponse(status="Unlocked")


def _change_availability(pile: Operations, request: ChangeAvailabilityRequest) -> Payload:
    changed = pile.change_availability(request.connector_id, request.type == "Operative")
    return ChangeAvailabilityResponse(status=changed)


def _trigger(pile: Operations, request: TriggerMessageRequest) -> Payload:
    return TriggerMessageResponse(status=pile.trigger(request.requested_message, request.connector_id))


def _get_configuration(pile: Operations, request: GetConfigurationRequest) -> Payload:
    settings = pile.device.settings
    if not request.key:
        every = tuple(_key_value(settings, s) for s in settings.table if s.key)
        return GetConfigurationResponse(configuration_key=every)
    found = [(key, settings.by_key(key)) for key in request.key]
    known = tuple(_key_value(settings, setting) for _, setting in found if setting is not None)
    unknown = tuple(key for key, setting in found if setting is None)
    return GetConfigurationResponse(configuration_key=known or None, unknown_key=unknown or None)


def _key_value(settings: Settings, setting: Setting) -> KeyValue:
    secret = setting.access == "WriteOnly"
    value = None if secret else settings.value(setting)[:MAX_VALUE]
    return KeyValue(key=setting.key, readonly=setting.access == "ReadOnly", value=value)


def _change_configuration(pile: Operations, request: ChangeConfigurationRequest) -> Payload:
    refusal = pile.change_setting(pile.device.settings.by_key(request.key), request.value)
    return ChangeConfigurationResponse(status=CHANGED[refusal.reason] if refusal else "Accepted")


def _data_transfer(pile: Operations, request: DataTransferRequest) -> Payload:
    return DataTransferResponse(status="UnknownVendorId")


def _clear_cache(pile: Operations, request: ClearCacheRequest) -> Payload:
    """§5.4: there is no cache to clear."""
    return ClearCacheResponse(status="Rejected")


def _set_profile(pile: Operations, request: SetChargingProfileRequest) -> Payload:
    profile = _profile(request.connector_id, request.cs_charging_profiles, pile.clock.now())
    return SetChargingProfileResponse(status="Accepted" if pile.set_profile(profile) else "Rejected")


def _clear_profiles(pile: Operations, request: ClearChargingProfileRequest) -> Payload:
    """§5.5: what is not given matches everything; an id alone decides."""
    wanted = (request.connector_id, request.charging_profile_purpose, request.stack_level)

    def is_meant(profile: Profile) -> bool:
        if request.id is not None:
            return profile.id == request.id
        has = (profile.evse_id, profile.purpose, profile.stack_level)
        return all(want is None or want == given for want, given in zip(wanted, has, strict=True))

    cleared = pile.clear_profiles(is_meant)
    return ClearChargingProfileResponse(status="Accepted" if cleared else "Unknown")


def _profile(evse_id: int, profile: ChargingProfile, now: datetime) -> Profile:
    schedule = profile.charging_schedule
    return Profile(
        id=profile.charging_profile_id,
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
        "RemoteStartTransaction": _remote_start,
        "RemoteStopTransaction": _remote_stop,
        "Reset": _reset,
        "UnlockConnector": _unlock,
        "ChangeAvailability": _change_availability,
        "TriggerMessage": _trigger,
        "GetConfiguration": _get_configuration,
        "ChangeConfiguration": _change_configuration,
        "DataTransfer": _data_transfer,
        "ClearCache": _clear_cache,
        "SetChargingProfile": _set_profile,
        "ClearChargingProfile": _clear_profiles,
    }
)
