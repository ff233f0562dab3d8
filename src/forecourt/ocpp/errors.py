"""The CALLERROR codes of each version, and the code that each malformed shape is answered with."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from forecourt.ocpp.version import Version


class ErrorCode(StrEnum):
    """The codes of OCPP 2.0.1 and 2.1 (Part 4 §4.3); 1.6 (OCPP-J 1.6 §4.2.3) spells two of them otherwise."""

    FORMAT_VIOLATION = "FormatViolation"
    GENERIC_ERROR = "GenericError"
    INTERNAL_ERROR = "InternalError"
    MESSAGE_TYPE_NOT_SUPPORTED = "MessageTypeNotSupported"
    NOT_IMPLEMENTED = "NotImplemented"
    NOT_SUPPORTED = "NotSupported"
    OCCURRENCE_CONSTRAINT_VIOLATION = "OccurrenceConstraintViolation"
    PROPERTY_CONSTRAINT_VIOLATION = "PropertyConstraintViolation"
    PROTOCOL_ERROR = "ProtocolError"
    RPC_FRAMEWORK_ERROR = "RpcFrameworkError"
    SECURITY_ERROR = "SecurityError"
    TYPE_CONSTRAINT_VIOLATION = "TypeConstraintViolation"


# OCPP-J 1.6 errata §5.1 and §5.2: both names are mistakes that "will not be fixed". The last two codes do not
# exist in 1.6: "GenericError: any other error not covered by the previous ones".
_SPELLED_16: Mapping[ErrorCode, str] = MappingProxyType(
    {code: code.value for code in ErrorCode}
    | {
        ErrorCode.FORMAT_VIOLATION: "FormationViolation",
        ErrorCode.OCCURRENCE_CONSTRAINT_VIOLATION: "OccurenceConstraintViolation",
        ErrorCode.MESSAGE_TYPE_NOT_SUPPORTED: "GenericError",
        ErrorCode.RPC_FRAMEWORK_ERROR: "GenericError",
    }
)
_SPELLED_2: Mapping[ErrorCode, str] = MappingProxyType({code: code.value for code in ErrorCode})

SPELLINGS: Mapping[Version, Mapping[ErrorCode, str]] = MappingProxyType(
    {Version.V16: _SPELLED_16, Version.V201: _SPELLED_2, Version.V21: _SPELLED_2}
)

# Piles use the names of the other version too: MicroOcpp sends "FormationViolation" on 2.0.1.
_READ: Mapping[str, ErrorCode] = MappingProxyType(
    {
        "FormationViolation": ErrorCode.FORMAT_VIOLATION,
        "OccurenceConstraintViolation": ErrorCode.OCCURRENCE_CONSTRAINT_VIOLATION,
    }
    | {code.value: code for code in ErrorCode}
)


def read_code(text: str) -> ErrorCode | None:
    """The code that a peer means, in whichever version's spelling; None when it is no code of OCPP."""
    return _READ.get(text)


class Fault(StrEnum):
    """What is wrong with a frame that can't be read."""

    UNREADABLE = "not an OCPP message: a JSON array that begins with a message type number"
    UNKNOWN_TYPE = "the message type number is not known in this version"
    NO_ID = "the message id can't be read"
    BAD_ID = "the message id is not a string of 1 to 36 characters"
    LONG_ID = "the message id is longer than 36 characters"
    BROKEN_HEAD = "not valid JSON"
    BROKEN_PAYLOAD = "the payload is not valid JSON"
    NO_ACTION = "the action is missing or not a string"
    NO_PAYLOAD = "the payload is missing"
    NOT_AN_OBJECT = "the payload is not a JSON object"
    EXTRA_ELEMENTS = "more elements than a CALL has"
    BAD_ANSWER = "an answer that can't be read"
    BAD_SEND = "a SEND that can't be read"


_RPC = ErrorCode.RPC_FRAMEWORK_ERROR
_ANSWERED_2: Mapping[Fault, ErrorCode] = MappingProxyType(
    {
        # 2.0.1 Part 4 §4.3: "Content of the call is not a valid RPC Request, for example: MessageId could
        # not be read"
        Fault.UNREADABLE: _RPC,
        Fault.NO_ID: _RPC,
        Fault.BAD_ID: _RPC,
        Fault.LONG_ID: _RPC,
        Fault.BROKEN_HEAD: _RPC,
        Fault.NO_ACTION: _RPC,
        Fault.NO_PAYLOAD: _RPC,
        Fault.EXTRA_ELEMENTS: _RPC,
        Fault.BROKEN_PAYLOAD: ErrorCode.FORMAT_VIOLATION,  # "Payload for Action is syntactically incorrect"
        Fault.NOT_AN_OBJECT: ErrorCode.PROTOCOL_ERROR,  # "Payload ... is not conform the PDU structure"
    }
)

# The code that answers each fault; a fault that is not in the table is not answered.
# BAD_ANSWER and BAD_SEND are in none: 2.1 Part 4 §4.2.4 "The receiver SHALL NOT respond to a SEND message".
FAULT_CODES: Mapping[Version, Mapping[Fault, ErrorCode]] = MappingProxyType(
    {
        # 1.6 knows no id "-1": what has no id can't be answered (UNREADABLE, NO_ID). §4.1.3: "When a server
        # receives a message with a Message Type Number not in this list, it SHALL ignore the message
        # payload" (UNKNOWN_TYPE).
        Version.V16: MappingProxyType(
            {
                # "Payload ... is syntactically incorrect or not conform the PDU structure for Action"
                Fault.BROKEN_HEAD: ErrorCode.FORMAT_VIOLATION,
                Fault.BROKEN_PAYLOAD: ErrorCode.FORMAT_VIOLATION,
                Fault.NOT_AN_OBJECT: ErrorCode.FORMAT_VIOLATION,
                Fault.NO_ACTION: ErrorCode.FORMAT_VIOLATION,
                Fault.EXTRA_ELEMENTS: ErrorCode.FORMAT_VIOLATION,
                Fault.NO_PAYLOAD: ErrorCode.PROTOCOL_ERROR,  # "Payload for Action is incomplete"
                # §4.2.3 wants a CALLERROR for "unique identifier too long", and no code speaks of ids.
                Fault.BAD_ID: ErrorCode.GENERIC_ERROR,
                Fault.LONG_ID: ErrorCode.GENERIC_ERROR,
            }
        ),
        # 2.0.1 Part 4 §4.4: a "message with an unknown message type ... SHALL respond with ...
        # MessageTypeNotSupported".
        Version.V201: MappingProxyType(
            {**_ANSWERED_2, Fault.UNKNOWN_TYPE: ErrorCode.MESSAGE_TYPE_NOT_SUPPORTED}
        ),
        # 2.1 Part 4 §4.4 withdrew that: "it SHALL ignore the message payload".
        Version.V21: _ANSWERED_2,
    }
)
