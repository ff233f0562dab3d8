"""A command as its table shows it: what was asked and answered, without what this visitor is not to see."""

from typing import Any

import msgspec

from forecourt.console.visit import Visit
from forecourt.domain.command import Command, RawCall
from forecourt.domain.records import Role

HIDDEN = "…"
# Parts of the names of settings whose values nobody is shown (OCPP 1.6 security extension, 2.0.1 Part 2 appendix 3).
SECRETS = ("authorizationkey", "password", "sharedsecret", "simpin")
_VALUES = frozenset({"value", "attributeValue"})


def is_secret(name: str) -> bool:
    """Say whether a setting's value is a password."""
    return any(secret in name.lower() for secret in SECRETS)


def asked(visit: Visit, command: Command) -> str:
    """Return what the command was given, in its own words."""
    if isinstance(command.request, RawCall) and not visit.may(Role.ADMIN):
        return command.request.action
    given = {name: value for name, value in msgspec.to_builtins(command.request).items() if name != "kind"}
    if "token_uid" in given:
        given["token_uid"] = visit.token_of(given["token_uid"])
    shown = veiled(given)
    return " ".join(f"{name}={value}" for name, value in shown.items() if value not in (None, (), []))


def answered(visit: Visit, command: Command) -> str:
    """Return the pile's answer as JSON; to a viewer only its verdict."""
    if command.result is None or (isinstance(command.request, RawCall) and not visit.may(Role.ADMIN)):
        return ""
    if not visit.may(Role.OPERATOR):
        return str(command.result.get("status", ""))
    return msgspec.json.encode(veiled(command.result)).decode()


def veiled(node: Any) -> Any:
    """Return JSON with the values of secret settings hidden: the name stands beside the value, or a level below."""
    if isinstance(node, list):
        return [veiled(item) for item in node]
    if not isinstance(node, dict):
        return node
    secret = any(is_secret(text) for text in _texts(node))
    return {name: HIDDEN if secret and name in _VALUES else veiled(value) for name, value in node.items()}


def _texts(node: dict[str, Any]) -> list[str]:
    below = [value for value in node.values() if isinstance(value, dict)]
    values = [*node.values(), *(value for inner in below for value in inner.values())]
    return [value for value in values if isinstance(value, str)]
