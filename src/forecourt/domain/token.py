"""A token: what identifies a driver or a car."""

from datetime import datetime
from enum import StrEnum

import msgspec


class TokenStatus(StrEnum):
    """The state of a token; the OCPP answers follow from it."""

    ACCEPTED = "accepted"
    BLOCKED = "blocked"
    EXPIRED = "expired"
    UNKNOWN = "unknown"


class TokenRef(msgspec.Struct, frozen=True):
    """What a pile presents: an identifier and its type (OCPP 2.0.1 IdTokenEnumType; 1.6 has none: "")."""

    uid: str
    type: str = ""


class Token(msgspec.Struct, frozen=True, kw_only=True):
    """A token that we know. ``uid`` is compared without regard to case (OCPP 1.6 CiString, 2.0.1 identifierString)."""

    uid: str
    type: str = ""
    status: TokenStatus = TokenStatus.ACCEPTED
    driver: str = ""
    group_id: str = ""
    brand: str = ""
    expires_at: datetime | None = None
    created_at: datetime | None = None


def fold_uid(uid: str) -> str:
    """Return the form in which identifiers are stored and compared."""
    return uid.strip().upper()


def token_status(token: Token | None, now: datetime) -> TokenStatus:
    """Return what an Authorize, or a start, with this token is worth now."""
    if token is None:
        return TokenStatus.UNKNOWN
    if token.status is TokenStatus.ACCEPTED and token.expires_at is not None and token.expires_at <= now:
        return TokenStatus.EXPIRED
    return token.status
