"""The slow path: what is wrong with a frame that did not parse, and what the specification answers."""

import re
from collections.abc import Sequence

import msgspec
from msgspec import Raw

from forecourt.ocpp.errors import FAULT_CODES, ErrorCode, Fault
from forecourt.ocpp.version import ANSWER_TYPES, MESSAGE_TYPES, MessageType, Version

MAX_ID = 36  # OCPP-J 1.6 §4.1.4, 2.0.1 Part 4 §4.1.4: "maximum of 36 characters, to allow for GUIDs"

# 2.0.1 Part 4 §4.2.3: "When also the MessageId cannot be read, the CALLERROR SHALL contain "-1" as
# MessageId."
UNREADABLE_ID = "-1"

UNDECODABLE = (msgspec.DecodeError, UnicodeError, RecursionError)


class Malformed(msgspec.Struct, frozen=True, gc=False):
    """A frame that can't be read.

    `id` is what the answer carries as message id (or, for an unreadable answer, the id that it claims);
    `code` is what it is answered with, None when it must not be answered.
    """

    fault: Fault
    reason: str
    kind: int | None
    id: str | None
    code: ErrorCode | None


def malformed(text: str | bytes, version: Version) -> Malformed:
    """Say what is wrong with a frame that is known not to parse. Never raises."""
    try:
        head = msgspec.structs.astuple(_ELEMENTS.decode(text))
    except UNDECODABLE as exc:
        return _judge(_salvage(text), version, broken=_why(exc))
    return _judge([bytes(raw) for raw in head if raw is not _ABSENT], version, broken=None)


def not_an_object(message_id: str, version: Version) -> Malformed:
    """2.0.1 Part 4 §4.1.5: "The Payload of a message is a JSON object"."""
    return _verdict(Fault.NOT_AN_OBJECT, MessageType.CALL, message_id, version)


_ABSENT = Raw(b"")


class _Head(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """The first five elements of any array; a million more are skipped without being kept."""

    kind: Raw = _ABSENT
    id: Raw = _ABSENT
    action: Raw = _ABSENT
    payload: Raw = _ABSENT
    extra: Raw = _ABSENT


_ELEMENTS = msgspec.json.Decoder(_Head)
_STRING = msgspec.json.Decoder(str)
_INTEGER = re.compile(rb"-?[0-9]{1,18}")

# The head of a CALL whose rest is broken: [ type , id , "action" ,
_HEAD_LENGTH = 1024  # characters: enough for any id and action; the matcher takes 240 bytes for each
_WS = r"[ \t\r\n]*"
_QUOTED = r'"[^"\\]*(?:\\.[^"\\]*)*"'
_KIND = r"(-?[0-9]{1,18})"
_ID = rf"({_QUOTED}|-?[0-9]+(?![\w.]))"
_HEAD = re.compile(
    rf"{_WS}\[{_WS}{_KIND}{_WS}(?:,{_WS}{_ID}{_WS}(?:,{_WS}({_QUOTED}){_WS},)?|,|\]|$)", re.DOTALL
)


def _salvage(text: str | bytes) -> list[bytes]:
    """The leading elements that can be read in a frame that is not JSON, as JSON tokens."""
    head = text[:_HEAD_LENGTH]
    # surrogateescape: what is not UTF-8 must not turn into a readable id.
    match = _HEAD.match(head if isinstance(head, str) else head.decode("utf-8", "surrogateescape"))
    tokens = match.groups() if match else ()
    return [token.encode("utf-8", "surrogatepass") for token in tokens if token is not None]


def _judge(elements: Sequence[bytes], version: Version, *, broken: str | None) -> Malformed:
    kind = int(elements[0]) if elements and _INTEGER.fullmatch(elements[0]) else None
    message_id = _string(elements[1]) if len(elements) > 1 else None
    if kind is None:
        fault = Fault.UNREADABLE
    elif kind not in MESSAGE_TYPES[version]:
        fault = Fault.UNKNOWN_TYPE
    elif kind in ANSWER_TYPES:
        fault = Fault.BAD_ANSWER
    elif kind == MessageType.SEND:
        fault = Fault.BAD_SEND
    else:
        fault = _call_fault(elements, message_id, broken=broken is not None)
    if fault is Fault.BAD_ID:
        message_id = _nearest_id(elements[1], version)
    return _verdict(fault, kind, message_id, version, broken)


def _call_fault(elements: Sequence[bytes], message_id: str | None, *, broken: bool) -> Fault:
    if not message_id:
        return _id_fault(elements)
    if len(message_id) > MAX_ID:
        return Fault.LONG_ID
    if broken:
        return Fault.BROKEN_PAYLOAD if len(elements) > 2 else Fault.BROKEN_HEAD
    if len(elements) < 3 or _string(elements[2]) is None:
        return Fault.NO_ACTION
    return Fault.NO_PAYLOAD if len(elements) < 4 else Fault.EXTRA_ELEMENTS


def _id_fault(elements: Sequence[bytes]) -> Fault:
    readable = len(elements) > 1 and (elements[1] == b'""' or _INTEGER.fullmatch(elements[1]))
    return Fault.BAD_ID if readable else Fault.NO_ID


def _nearest_id(token: bytes, version: Version) -> str | None:
    """1.6 has no "-1", so a number is answered as its digits and an empty id as such: better than silence."""
    return token.decode().strip('"') if version is Version.V16 else None


def _verdict(
    fault: Fault, kind: int | None, message_id: str | None, version: Version, broken: str | None = None
) -> Malformed:
    code = FAULT_CODES[version].get(fault)
    if code is not None and not message_id and version is not Version.V16:
        message_id = UNREADABLE_ID
    reason = f"{fault.value} ({broken})" if broken else fault.value
    return Malformed(fault, reason, kind, message_id, code)


def _string(token: bytes) -> str | None:
    try:
        return _STRING.decode(token)
    except UNDECODABLE:
        return None


def _why(exc: BaseException) -> str:
    """Our words and a byte position, nothing of the frame: the CALLERROR must not carry what was invalid."""
    if isinstance(exc, RecursionError):
        return "nested too deeply"
    return "not UTF-8" if isinstance(exc, UnicodeError) else str(exc)
