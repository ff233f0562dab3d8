"""Settings of piles whose values are passwords: nobody is shown them, and what a pile tells of them is not kept."""

from typing import Any

from msgspec.structs import replace

from forecourt.domain.cdr import MASK
from forecourt.domain.command import ChangeConfiguration, RawCall, Request

# Names in lower case (OCPP 1.6 security extension, 2.0.1 Part 2 appendix 3).
_NAMES = frozenset(
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
# Where the value of a named setting stands, in the messages of both versions.
_VALUES = frozenset({"value", "attributeValue", "variableAttribute"})
# No message of any version nests half as deep.
_DEEPEST = 50


def is_secret(name: str) -> bool:
    """Say whether a setting's value is a password; the name may stand behind its component."""
    return name.rpartition(".")[2].lower() in _NAMES


def without_secrets(node: Any, depth: int = _DEEPEST) -> Any:
    """Return JSON with passwords masked, whichever message it is of; what is nested deeper than any message, too."""
    if not isinstance(node, (dict, list)):
        return node
    if not depth:
        return MASK
    if isinstance(node, list):
        return [without_secrets(item, depth - 1) for item in node]
    secret = names_secret(node)
    return {
        name: MASK if hides(name, secret) else without_secrets(value, depth - 1)
        for name, value in node.items()
    }


def kept_request(request: Request) -> Request:
    """Return a command's request as it is kept once it has been carried out: a password that it set is masked."""
    if isinstance(request, ChangeConfiguration) and is_secret(request.key):
        return replace(request, value=MASK)
    if isinstance(request, RawCall):
        return replace(request, payload=without_secrets(request.payload))
    return request


def names_secret(node: dict[str, Any]) -> bool:
    """Say whether an object names a setting whose value is a password."""
    variable = node.get("variable")
    named = (node.get("key"), variable.get("name") if isinstance(variable, dict) else None)
    return any(isinstance(name, str) and is_secret(name) for name in named)


def hides(name: str, secret: bool) -> bool:
    """Say whether the member of an object is a password; ``secret``: the object names a setting that is one."""
    return is_secret(name) or (secret and name in _VALUES)
