"""What is not shown to everybody: token uids, passwords, and what went around every check."""

from typing import Any

from msgspec.structs import replace

from forecourt.api.auth import Caller
from forecourt.api.schema.commands import CommandView
from forecourt.domain.cdr import mask
from forecourt.domain.command import ChangeConfiguration, RawCall, RemoteStart
from forecourt.domain.records import Role
from forecourt.domain.secret import hides, is_secret, names_secret

HIDDEN = "…"
_TOKEN_NAMES = frozenset({"idtag", "parentidtag", "idtoken", "additionalidtoken"})


def uid_for(caller: Caller, uid: str) -> str:
    """Return a token's uid as the caller may see it."""
    return uid if caller.may(Role.OPERATOR) or not uid else mask(uid)


def shown(command: CommandView, caller: Caller) -> CommandView:
    """Return a command as the caller may see it."""
    request = command.request
    if isinstance(request, RawCall) and not caller.may(Role.ADMIN):
        return replace(command, request=replace(request, payload={}), result=None)
    if isinstance(request, RemoteStart):
        request = replace(request, token_uid=uid_for(caller, request.token_uid))
    elif isinstance(request, ChangeConfiguration) and is_secret(request.key):
        request = replace(request, value=HIDDEN)
    elif isinstance(request, RawCall):
        request = replace(request, payload=veiled(request.payload))
    return replace(command, request=request, result=veiled(command.result))


def veiled(node: Any) -> Any:
    """Return JSON with passwords hidden and token uids masked, whichever message it is of."""
    if isinstance(node, list):
        return [veiled(item) for item in node]
    if not isinstance(node, dict):
        return node
    secret = names_secret(node)
    return {key: _veiled_value(key, value, secret) for key, value in node.items()}


def _veiled_value(key: str, value: Any, secret: bool) -> Any:
    if hides(key, secret):
        return HIDDEN
    if isinstance(value, str) and key.lower() in _TOKEN_NAMES:
        return mask(value)
    return veiled(value)
