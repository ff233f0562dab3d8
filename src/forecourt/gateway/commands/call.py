"""What the tables of both versions share."""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from forecourt.domain.command import Command, RawCall, RemoteStop
from forecourt.domain.outcome import PileState
from forecourt.ocpp.codec import PayloadError, decode, encode_payload
from forecourt.ocpp.primitives import Payload


class UntranslatableError(Exception):
    """A command that this version, or this pile now, has no call for: says why, in words for the operator."""


class OutboundCall(msgspec.Struct, frozen=True):
    """A CALL to be sent: its action and its payload as JSON text."""

    action: str
    payload: bytes


# (the request, its command, the pile) -> action and payload
Translate = Callable[[Any, Command, PileState], tuple[str, Payload]]
Table = Mapping[type, Translate]


def translated(table: Table, command: Command, state: PileState) -> OutboundCall:
    """Return the call of a command. Raises UntranslatableError.

    What we send is held to the schema like what we receive: a pile's answer to a bad message tells an operator little.
    """
    request = command.request
    if isinstance(request, RawCall):
        return OutboundCall(request.action, msgspec.json.encode(request.payload))
    action, message = table[type(request)](request, command, state)
    payload = encode_payload(message)
    try:
        decode(type(message), payload)
    except PayloadError as error:
        raise UntranslatableError(f"{action}: {error.path or '/'}: {error.detail}") from None
    return OutboundCall(action, payload)


def transaction_of(request: RemoteStop, state: PileState) -> str:
    """Return the transaction id under which the pile knows a session."""
    for session in state.sessions:
        if session.id == request.session_id:
            return session.transaction_id
    raise UntranslatableError(f"session {request.session_id} is not running on this pile")
