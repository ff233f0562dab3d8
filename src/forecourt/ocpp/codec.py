"""Payloads, strictly: what the official JSON schemas accept is decoded, anything else is refused with a reason.

The fast way is one dict lookup and one msgspec decoder, which never accepts what the schema refuses. Where it refuses,
`exact` reads the payload again, slowly: it accepts the little that msgspec refuses and the schema does not (1.0 for
an integer since draft-06), and finds the violation and its place otherwise.

"What the schema accepts" is JSON Schema with `format: date-time` asserted and `multipleOf` computed in decimal, on
JSON as RFC 8259 has it, with two limits that its §9 allows: a number of more than 4,300 digits, and a string with half
a surrogate pair, are refused. `format: uri` is not asserted.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, TypeVar

import msgspec

from forecourt.ocpp import v16, v201
from forecourt.ocpp.errors import ErrorCode
from forecourt.ocpp.exact import UNDECODABLE, PayloadError, read_exactly
from forecourt.ocpp.primitives import Action, Payload, Timestamp, decoder
from forecourt.ocpp.version import Version

__all__ = [
    "ACTIONS",
    "PayloadError",
    "action_of",
    "decode",
    "decode_request",
    "decode_result",
    "encode_payload",
]

P = TypeVar("P", bound=Payload)

ACTIONS: Mapping[Version, Mapping[str, Action]] = {Version.V16: v16.ACTIONS, Version.V201: v201.ACTIONS}

_KINDS = [
    kind for actions in ACTIONS.values() for row in actions.values() for kind in (row.request, row.response)
]
_DECODE = {kind: decoder(kind).decode for kind in _KINDS}


def decode(kind: type[P], payload: bytes | msgspec.Raw) -> P:
    """A payload as its message type, which is one of `ACTIONS`. Raises PayloadError."""
    try:
        message: P = _DECODE[kind](payload)
    except UNDECODABLE:
        return read_exactly(kind, payload)
    return message


def action_of(version: Version, action: str) -> Action:
    """The row of an action. Raises PayloadError (NotImplemented) when the version has none of that name."""
    row = ACTIONS.get(version, {}).get(action)
    if row is None:
        raise PayloadError(ErrorCode.NOT_IMPLEMENTED, "", f"{version} has no action {action[:50]!r}")
    return row


def decode_request(version: Version, action: str, payload: bytes | msgspec.Raw) -> Payload:
    """The payload of a CALL. Raises PayloadError."""
    return decode(action_of(version, action).request, payload)


def decode_result(version: Version, action: str, payload: bytes | msgspec.Raw) -> Payload:
    """The payload of the CALLRESULT that answers a CALL with this action. Raises PayloadError."""
    return decode(action_of(version, action).response, payload)


_ENCODE = msgspec.json.Encoder(decimal_format="number").encode


def encode_payload(message: Payload) -> bytes:
    """A message as JSON. Times are written in UTC, to the millisecond; ValueError for one without a zone.

    Nothing else is checked: mypy holds the types, and the tests hold the types against the schemas.
    """
    if type(message) in _TIMED:
        return _ENCODE(_written(msgspec.to_builtins(message, builtin_types=(datetime, Decimal))))
    return _ENCODE(message)


def _written(value: Any) -> Any:
    if type(value) is dict:
        return {name: _written(member) for name, member in value.items()}
    if type(value) in (list, tuple):
        return [_written(item) for item in value]
    return _time(value) if type(value) is datetime else value


# 2.0.1 Part 2, Time Format Requirements: "The number of decimal places SHALL NOT exceed the maximum of 3". There are
# 1.6 piles that fail on six.
def _time(moment: datetime) -> str:
    if moment.tzinfo is None:
        raise ValueError("a time without a zone")
    utc = moment.astimezone(UTC).replace(tzinfo=None)
    return utc.isoformat(timespec="milliseconds" if utc.microsecond >= 1000 else "seconds") + "Z"


def _mentions(node: msgspec.inspect.Type, primitive: type) -> bool:
    if isinstance(node, msgspec.inspect.StructType):
        return any(_mentions(field.type, primitive) for field in node.fields)
    if isinstance(node, msgspec.inspect.VarTupleType):
        return _mentions(node.item_type, primitive)
    return isinstance(node, msgspec.inspect.CustomType) and node.cls is primitive


_TIMED = frozenset(kind for kind in _KINDS if _mentions(msgspec.inspect.type_info(kind), Timestamp))
