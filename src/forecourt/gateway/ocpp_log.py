"""The OCPP log: every frame, after its ack, with tokens and passwords masked (DESIGN §3 step 8)."""

import re
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

import msgspec

from forecourt.domain.cdr import MASK, mask
from forecourt.domain.records import LogEntry

# The properties that carry an identifier: idTag, parentIdTag, idToken, additionalIdToken. An object has one inside.
_TOKEN = re.compile(r'("[A-Za-z]*[iI]dT(?:ag|oken)"\s*:\s*")((?:[^"\\]|\\.)*)"')
# Actions whose payload may carry a password, and what says so in them.
_SECRET_ACTIONS = frozenset(
    {
        "ChangeConfiguration",
        "GetConfiguration",
        "GetVariables",
        "SetVariables",
        "SetNetworkProfile",
        "NotifyReport",
    }
)
_SECRET_NAMES = frozenset(
    {
        "authorizationkey",
        "basicauthpassword",
        "password",
        "apnpassword",
        "vpnpassword",
        "sharedsecret",
        "simpin",
    }
)
_VALUES = ("value", "attributeValue")


class OcppLog:
    """Gives frames to the store, which drops the oldest when it can't keep up."""

    def __init__(self, write: Callable[[Iterable[LogEntry]], Any], now: Callable[[], datetime]) -> None:
        self._write = write
        self._now = now

    def add(
        self, pile_id: str, direction: str, kind: str, action: str, message_id: str, payload: bytes
    ) -> None:
        """Log one frame. ``direction``: ``in`` from the pile, ``out`` to it."""
        text = masked(action, payload.decode("utf-8", "replace"))
        self._write((LogEntry(pile_id, self._now(), direction, kind, action, message_id, text),))


def masked(action: str, text: str) -> str:
    """Return a payload with identifiers and passwords masked."""
    if action in _SECRET_ACTIONS:
        text = _without_secrets(text)
    if "dTag" in text or "dToken" in text:
        return _TOKEN.sub(_mask_token, text)
    return text


def _mask_token(match: "re.Match[str]") -> str:
    # An escape must not be cut in two.
    shown = MASK if "\\" in match[2] else mask(match[2])
    return f'{match[1]}{shown}"'


def _without_secrets(text: str) -> str:
    try:
        return msgspec.json.encode(_cleaned(msgspec.json.decode(text))).decode()
    except msgspec.DecodeError:
        return MASK


def _cleaned(node: Any) -> Any:
    if isinstance(node, list):
        return [_cleaned(item) for item in node]
    if not isinstance(node, dict):
        return node
    named = {str(name).lower() for name in (node.get("key"), _name_of(node.get("variable"))) if name}
    secret = bool(named & _SECRET_NAMES)
    return {name: MASK if _hidden(name, secret) else _cleaned(value) for name, value in node.items()}


def _name_of(variable: Any) -> Any:
    return variable.get("name") if isinstance(variable, dict) else None


def _hidden(name: str, secret: bool) -> bool:
    return name.lower() in _SECRET_NAMES or (secret and name in (*_VALUES, "variableAttribute"))
