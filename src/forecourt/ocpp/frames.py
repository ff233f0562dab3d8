"""OCPP-J frames: five message types, read and written (OCPP-J 1.6 §4.2, 2.0.1 and 2.1 Part 4 §4.2).

Payloads stay as they came (`msgspec.Raw`): which type they have is decided by the action, outside this
module.
"""

from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType
from typing import Annotated

import msgspec
from msgspec import Meta, Raw

from forecourt.ocpp.errors import SPELLINGS, ErrorCode
from forecourt.ocpp.malformed import MAX_ID, UNDECODABLE, Malformed, malformed, not_an_object
from forecourt.ocpp.version import Version

MessageId = Annotated[str, Meta(min_length=1, max_length=MAX_ID)]

EMPTY = Raw(b"{}")


# A request that is refused can be sent again in a better shape; an answer can't be asked for again. So a
# CALL is read strictly, and answers as leniently as can be: elements may be missing or too many.


class Call(msgspec.Struct, array_like=True, tag=2, frozen=True, gc=False, forbid_unknown_fields=True):
    """A request."""

    id: MessageId
    action: str
    payload: Raw


class CallResult(msgspec.Struct, array_like=True, tag=3, frozen=True, gc=False):
    """The answer to a CALL."""

    id: str
    payload: Raw = EMPTY


class CallError(msgspec.Struct, array_like=True, tag=4, frozen=True, gc=False):
    """The refusal of a CALL."""

    id: str
    code: str | None = None
    description: str | None = None
    details: Raw = EMPTY


class CallResultError(msgspec.Struct, array_like=True, tag=5, frozen=True, gc=False):
    """The refusal of a CALLRESULT (2.1)."""

    id: str
    code: str | None = None
    description: str | None = None
    details: Raw = EMPTY


class Send(msgspec.Struct, array_like=True, tag=6, frozen=True, gc=False, forbid_unknown_fields=True):
    """A message that is never answered (2.1)."""

    id: MessageId
    action: str
    payload: Raw


Frame = Call | CallResult | CallError | CallResultError | Send
Parse = Callable[[str | bytes], Frame | Malformed]

_CLASSIC = msgspec.json.Decoder(Call | CallResult | CallError)
_WITH_SEND = msgspec.json.Decoder(Call | CallResult | CallError | CallResultError | Send)
_OBJECT_OR_NULL = b"{n"


def _parse(decode: Callable[[str | bytes], Frame], version: Version, text: str | bytes) -> Frame | Malformed:
    try:
        frame = decode(text)
    except UNDECODABLE:
        return malformed(text, version)
    # "If there is no payload JSON allows for two different notations: null or an empty object {}" (§4.1.5)
    if type(frame) is Call and bytes(frame.payload)[0] not in _OBJECT_OR_NULL:
        return not_an_object(frame.id, version)
    return frame


# A partial for each version: looking up a decoder in every call would cost a third of the parse.
PARSERS: Mapping[Version, Parse] = MappingProxyType(
    {
        Version.V16: partial(_parse, _CLASSIC.decode, Version.V16),
        Version.V201: partial(_parse, _CLASSIC.decode, Version.V201),
        Version.V21: partial(_parse, _WITH_SEND.decode, Version.V21),
    }
)


def parse(text: str | bytes, version: Version) -> Frame | Malformed:
    """Read one text frame. Never raises.

    A CALL's payload is a JSON object or `null`; payloads of answers and SENDs are any JSON value. Bytes must
    have been found to be UTF-8 by the socket: inside payloads it is not checked again.
    """
    return PARSERS[version](text)


def object_text(payload: Raw) -> bytes:
    """A payload as JSON text, with `{}` for `null`."""
    text = bytes(payload)
    return b"{}" if text == b"null" else text


encode: Callable[[Frame], bytes] = msgspec.json.Encoder().encode

MAX_DESCRIPTION = 255  # 2.0.1 Part 4 §4.2.3: "ErrorDescription string[255]"


def call_error(
    version: Version, message_id: str, code: ErrorCode, description: str = "", details: bytes = b"{}"
) -> bytes:
    """A CALLERROR in the version's spelling, as text to be sent. `details` is a JSON object."""
    frame = CallError(message_id, SPELLINGS[version][code], description[:MAX_DESCRIPTION], Raw(details))
    return encode(frame)


def call_result_error(
    version: Version, message_id: str, code: ErrorCode, description: str = "", details: bytes = b"{}"
) -> bytes:
    """A CALLRESULTERROR, as text to be sent. `details` is a JSON object."""
    text = description[:MAX_DESCRIPTION]
    return encode(CallResultError(message_id, SPELLINGS[version][code], text, Raw(details)))
