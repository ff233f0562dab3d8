"""What a handler gets beside the typed request, and what it returns."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from hashlib import blake2b
from typing import Any

import msgspec

from forecourt.domain.outcome import Outcome, PileState
from forecourt.services.context import Services


class Inbound(msgspec.Struct, frozen=True, gc=False):
    """A CALL as it came: message id, payload as JSON text, and the names of the repairs that its payload needed."""

    id: str
    payload: bytes
    repairs: tuple[str, ...] = ()


Handled = Outcome[Any] | Awaitable[Outcome[Any]]
# (services, state, typed request, the call as it came, our time)
Handle = Callable[[Services, PileState, Any, Inbound, datetime], Handled]
# (our reply, our time) -> the payload of the CALLRESULT
Respond = Callable[[Any, datetime], bytes]


def content_key(payload: bytes) -> int:
    """Return the hash by which the same content is recognised: 64 bits, signed, the same in every process."""
    return int.from_bytes(blake2b(payload, digest_size=8).digest(), "big", signed=True)


def empty(reply: object, now: datetime) -> bytes:
    """The response of the many actions whose answer says nothing."""
    return b"{}"
