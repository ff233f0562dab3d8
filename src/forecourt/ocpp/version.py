"""The OCPP versions, and which message types each of them has."""

from collections.abc import Mapping
from enum import IntEnum, StrEnum
from types import MappingProxyType


class Version(StrEnum):
    """A version under the name of its WebSocket subprotocol (OCPP-J 1.6 §3.1.2, 2.0.1 Part 4 §3.1.2)."""

    V16 = "ocpp1.6"
    V201 = "ocpp2.0.1"
    V21 = "ocpp2.1"


class MessageType(IntEnum):
    """The first element of every frame (OCPP-J 1.6 §4.1.3, 2.1 Part 4 §4.1.3)."""

    CALL = 2
    CALLRESULT = 3
    CALLERROR = 4
    CALLRESULTERROR = 5
    SEND = 6


_CLASSIC = frozenset({MessageType.CALL, MessageType.CALLRESULT, MessageType.CALLERROR})

MESSAGE_TYPES: Mapping[Version, frozenset[MessageType]] = MappingProxyType(
    {Version.V16: _CLASSIC, Version.V201: _CLASSIC, Version.V21: frozenset(MessageType)}
)

# What answers something. An answer is never answered with an error: two peers would go on for ever.
ANSWER_TYPES = frozenset({MessageType.CALLRESULT, MessageType.CALLERROR, MessageType.CALLRESULTERROR})
