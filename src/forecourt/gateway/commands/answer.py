"""A pile's answer to a call of ours: accepted or not, as JSON for whoever asked, and the settings that it names."""

from collections.abc import Callable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any

import msgspec

from forecourt.domain.records import PileVariable
from forecourt.domain.secret import is_secret, without_secrets
from forecourt.gateway.handlers.v201.names import component_text, variable_text
from forecourt.ocpp import v16, v201
from forecourt.ocpp.codec import PayloadError, decode_result
from forecourt.ocpp.primitives import Payload
from forecourt.ocpp.repairs import repair_result
from forecourt.ocpp.version import Version

# The words that mean yes, or yes later, in the answers of both versions.
_YES = frozenset({"Accepted", "Scheduled", "RebootRequired", "Unlocked"})
# The words that mean no. What an operator's own call is answered with and is neither counts as an answer, so as yes.
_NO = frozenset(
    {
        "Rejected",
        "Failed",
        "NotSupported",
        "NotImplemented",
        "UnlockFailed",
        "UnknownVendorId",
        "UnknownMessageId",
        "UnknownConnector",
        "UnknownComponent",
        "UnknownVariable",
        "NotSupportedAttributeType",
        "OngoingAuthorizedTransaction",
        "VersionMismatch",
        "NotFound",
        "EmptyResultSet",
    }
)
_RAW = msgspec.json.Decoder()


class Answer(msgspec.Struct, frozen=True):
    """What a pile said to a call of ours."""

    accepted: bool
    result: dict[str, Any]
    variables: tuple[PileVariable, ...] = ()


def read(version: Version, action: str, payload: bytes, raw: bool, pile_id: str, now: datetime) -> Answer:
    """Read the CALLRESULT of an action. ``raw``: the call was an operator's own.

    The status is read from the JSON as it is: an answer can't be asked for again, so it is not refused for its shape.
    """
    result = _object(payload)
    message = _typed(version, action, payload)
    variables = _VARIABLES[type(message)](pile_id, message, now) if type(message) in _VARIABLES else ()
    return Answer(_accepted(result, raw), without_secrets(result), variables)


def _object(payload: bytes) -> dict[str, Any]:
    value = _RAW.decode(payload)
    return value if isinstance(value, dict) else {"answer": value}


def _typed(version: Version, action: str, payload: bytes) -> Payload | None:
    try:
        return decode_result(version, action, payload)
    except PayloadError:
        pass
    try:
        return repair_result(version, action, payload).message
    except PayloadError:
        return None


def _accepted(result: dict[str, Any], raw: bool) -> bool:
    statuses = _statuses(result)
    if not statuses:
        return True
    return any(status in _YES or (raw and status not in _NO) for status in statuses)


def _statuses(result: dict[str, Any]) -> list[str]:
    """The status of the answer, or of each variable in it (2.0.1 GetVariables, SetVariables)."""
    if isinstance(result.get("status"), str):
        return [result["status"]]
    rows = result.get("getVariableResult") or result.get("setVariableResult") or ()
    return [str(row.get("attributeStatus")) for row in rows if isinstance(row, dict)]


def _configuration(
    pile_id: str, message: v16.GetConfigurationResponse, now: datetime
) -> tuple[PileVariable, ...]:
    return tuple(
        PileVariable(
            pile_id=pile_id,
            component="",
            variable=key.key,
            value=_shown(key.key, key.value),
            mutability="ReadOnly" if key.readonly else "ReadWrite",
            reported_at=now,
        )
        for key in message.configuration_key or ()
    )


def _got(pile_id: str, message: v201.GetVariablesResponse, now: datetime) -> tuple[PileVariable, ...]:
    return tuple(
        PileVariable(
            pile_id=pile_id,
            component=component_text(row.component),
            variable=variable_text(row.variable),
            attribute=row.attribute_type or "Actual",
            value=_shown(row.variable.name, row.attribute_value),
            reported_at=now,
        )
        for row in message.get_variable_result
        if row.attribute_status == "Accepted"
    )


def _shown(name: str, value: str | None) -> str | None:
    # A pile "should not give back the authorization key" (OCPP-J 1.6 §6.2); some do.
    return None if is_secret(name) else value


_VARIABLES: Mapping[type, Callable[[str, Any, datetime], tuple[PileVariable, ...]]] = MappingProxyType(
    {v16.GetConfigurationResponse: _configuration, v201.GetVariablesResponse: _got}
)
