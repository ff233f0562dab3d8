"""Operators, their sign-ins, and API tokens."""

import asyncio
import hashlib
import secrets
from datetime import timedelta
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import VerificationError
from msgspec.structs import replace

from forecourt.domain.records import ApiToken, Login, Operator, Role
from forecourt.services import audit
from forecourt.services.context import Services

LOGIN_LIFE = timedelta(hours=12)
TOKEN_PREFIX = "fct_"
_RANK = {Role.VIEWER: 0, Role.OPERATOR: 1, Role.ADMIN: 2}

# RFC 9106 §4, second recommended option: 64 MiB, three passes; at most two at once, off the event loop.
_hasher = PasswordHasher()
_slots = asyncio.Semaphore(2)


@cache
def _nobody() -> str:
    """Return a hash that no password fits, to spend the same time on names that do not exist."""
    return _hasher.hash(secrets.token_hex(16))


def allows(held: Role, needed: Role) -> bool:
    """Say whether a role includes another."""
    return _RANK[held] >= _RANK[needed]


def digest_of(secret: str) -> bytes:
    """Return the stored form of a random secret (≥ 128 bits): its SHA-256."""
    return hashlib.sha256(secret.encode()).digest()


async def add_operator(
    sv: Services, username: str, role: Role, actor: str, password: str | None = None
) -> str:
    """Create an operator, or set an existing one's password and role; return the password, made here unless it was given."""
    password = password or secrets.token_urlsafe(12)
    async with _slots:
        hashed = await asyncio.to_thread(_hasher.hash, password)
    known = await sv.store.operator(username)
    made = known or Operator(username=username, password_hash="", created_at=sv.clock.now())
    row = replace(made, role=role, password_hash=hashed)
    await sv.store.write(row, audit.entry(sv, actor, "operator.put", username, role.value))
    return password


async def first_operator(sv: Services) -> tuple[str, str] | None:
    """Create the operator ``admin`` when there is none at all; return name and password, to be shown this once."""
    if await sv.store.has_operators():
        return None
    return "admin", await add_operator(sv, "admin", Role.ADMIN, "first start")


async def sign_in(sv: Services, username: str, password: str) -> tuple[str, Login] | None:
    """Return the cookie's value and the login; None for a wrong name or password, which take the same time."""
    operator = await sv.store.operator(username)
    known = operator is not None and not operator.disabled
    hashed = operator.password_hash if operator is not None and known else _nobody()
    async with _slots:
        right = await asyncio.to_thread(_verify, hashed, password)
    if operator is None or not (known and right):
        await sv.store.write(audit.entry(sv, username[:64], "sign_in.refused", username[:64]))
        return None
    secret, now = secrets.token_urlsafe(32), sv.clock.now()
    login = Login(
        digest=digest_of(secret),
        username=operator.username,
        csrf=secrets.token_urlsafe(24),
        created_at=now,
        expires_at=now + LOGIN_LIFE * sv.clock.speed,
    )
    await sv.store.write(login, audit.entry(sv, operator.username, "sign_in", operator.username))
    return secret, login


def _verify(hashed: str, password: str) -> bool:
    try:
        return _hasher.verify(hashed, password)
    except VerificationError:
        return False


async def signed_in(sv: Services, secret: str) -> tuple[Login, Operator] | None:
    """Return the login and operator behind a cookie; None when it is unknown, expired or the operator is disabled."""
    login = await sv.store.login(digest_of(secret))
    if login is None or login.expires_at <= sv.clock.now():
        return None
    operator = await sv.store.operator(login.username)
    return None if operator is None or operator.disabled else (login, operator)


async def sign_out(sv: Services, login: Login) -> None:
    """End a login."""
    await sv.store.write(replace(login, expires_at=sv.clock.now()))


async def create_api_token(
    sv: Services, name: str, role: Role, actor: str, life: timedelta | None = None
) -> tuple[str, ApiToken]:
    """Return a new API token's secret, shown this once, and its row."""
    secret, now = TOKEN_PREFIX + secrets.token_urlsafe(32), sv.clock.now()
    row = ApiToken(
        id=secrets.token_hex(8),
        name=name,
        role=role,
        digest=digest_of(secret),
        created_by=actor,
        created_at=now,
        expires_at=now + life if life else None,
    )
    await sv.store.write(row, audit.entry(sv, actor, "api_token.create", row.id, name))
    return secret, row


async def revoke_api_token(sv: Services, token: ApiToken, actor: str) -> None:
    """Make a token worthless from now on."""
    revoked = replace(token, revoked_at=sv.clock.now())
    await sv.store.write(revoked, audit.entry(sv, actor, "api_token.revoke", token.id))


async def bearer(sv: Services, secret: str) -> ApiToken | None:
    """Return the API token behind a bearer secret; None when it is unknown, expired or revoked."""
    token = await sv.store.api_token(digest_of(secret))
    if token is None or token.revoked_at is not None:
        return None
    expired = token.expires_at is not None and token.expires_at <= sv.clock.now()
    return None if expired else token
