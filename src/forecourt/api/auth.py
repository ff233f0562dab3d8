"""Who is asking, and whether they may: bearer tokens only, so that no browser ever sends one by itself."""

import hmac
from collections.abc import Awaitable, Callable
from math import ceil
from typing import Any

import msgspec
from litestar.connection import ASGIConnection
from litestar.handlers.base import BaseRouteHandler

from forecourt.api.failures import Failures
from forecourt.api.problem import FORBIDDEN, TOO_MANY, UNAUTHENTICATED, ProblemError
from forecourt.api.roles import ROLES
from forecourt.domain.records import Role
from forecourt.services import accounts
from forecourt.services.context import Services

Connection = ASGIConnection[Any, Any, Any, Any]

_CHALLENGE = {"www-authenticate": 'Bearer realm="forecourt"'}
_CALLER = "forecourt.caller"


class Caller(msgspec.Struct, frozen=True):
    """Who asks. ``name`` stands in the audit log and owns its Idempotency-Keys."""

    name: str
    role: Role

    def may(self, needed: Role) -> bool:
        """Say whether the caller's role includes another."""
        return accounts.allows(self.role, needed)


LOCAL = Caller("local command", Role.ADMIN)


Guard = Callable[[Connection, BaseRouteHandler], Awaitable[None]]


def guard(sv: Services, local_token_digest: bytes) -> Guard:
    """Return what stands in front of every operation. ``local_token_digest``: SHA-256 of the running server's own token."""
    door = _Door(sv, local_token_digest)

    # A function, since Litestar copies deeply what it is handed, but functions as they are.
    async def enter(connection: Connection, handler: BaseRouteHandler) -> None:
        await door.enter(connection, handler)

    return enter


class _Door:
    def __init__(self, sv: Services, local_token_digest: bytes) -> None:
        self._sv = sv
        self._local = local_token_digest
        self._failures = Failures()

    async def enter(self, connection: Connection, handler: BaseRouteHandler) -> None:
        """Let in who may. Raises ProblemError."""
        if connection.scope.get("method") == "OPTIONS":
            return
        caller = await self._caller(connection)
        needed = ROLES.get(handler.handler_name)
        if needed is None or not caller.may(needed):
            wanted = needed.value if needed else "nobody's"
            raise ProblemError(
                FORBIDDEN,
                f"this takes the role {wanted}, and your token has {caller.role.value}: ask for another token",
            )
        connection.scope["state"][_CALLER] = caller

    async def _caller(self, connection: Connection) -> Caller:
        secret = _bearer(connection)
        digest = accounts.digest_of(secret)
        if hmac.compare_digest(digest, self._local):
            return LOCAL
        address, now = connection.client.host if connection.client else "", self._sv.clock.monotonic()
        wait = self._failures.wait(address, digest, now)
        if wait:
            raise ProblemError(
                TOO_MANY,
                "too many wrong tokens came from your address: wait",
                headers={"retry-after": str(ceil(wait))},
            )
        token = await accounts.bearer(self._sv, secret)
        if token is None:
            self._failures.failed(address, digest, now)
            raise _unknown(
                "the bearer token is unknown, expired or revoked: ask an administrator for a new one"
            )
        self._failures.succeeded(digest)
        return Caller(f"{token.name} (API token {token.id})", token.role)


def _bearer(connection: Connection) -> str:
    scheme, _, secret = connection.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not secret.strip():
        raise _unknown(
            "send the header Authorization: Bearer fct_…, with an API token that an administrator made"
        )
    return secret.strip()


def _unknown(detail: str) -> ProblemError:
    return ProblemError(UNAUTHENTICATED, detail, headers=_CHALLENGE)


def caller_of(scope: Any) -> Caller:
    """Return who was let in."""
    caller: Caller = scope["state"][_CALLER]
    return caller
