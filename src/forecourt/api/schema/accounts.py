"""People, programs, and what they did."""

from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta

from forecourt.api.schema.texts import NO_CONTROL
from forecourt.domain.records import Role


class ApiTokenBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A bearer token to be made. ``days`` is its life; left out, it lives until it is revoked."""

    name: Annotated[
        str, Meta(min_length=1, max_length=64, pattern=NO_CONTROL, description="Who will use it, for what.")
    ]
    role: Role = Role.VIEWER
    days: (
        Annotated[int, Meta(ge=1, le=3650, description="Its life; left out: until it is revoked.")] | None
    ) = None


class ApiTokenView(msgspec.Struct, frozen=True, kw_only=True):
    """A bearer token, without its secret."""

    id: str
    name: str
    role: Role
    created_by: str
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None


class MadeApiToken(ApiTokenView, frozen=True, kw_only=True):
    """A new bearer token with its secret: this is the one time it can be read."""

    secret: str


class OperatorBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A person who is to sign in to the console, or gets a new password: made, and shown this once, unless one is given."""

    role: Role = Role.OPERATOR
    password: Annotated[str, Meta(min_length=12, max_length=256)] | None = None


class OperatorView(msgspec.Struct, frozen=True, kw_only=True):
    """A person who signs in to the console."""

    username: str
    name: str
    role: Role
    disabled: bool
    created_at: datetime


class MadeOperator(msgspec.Struct, frozen=True, kw_only=True):
    """A person with the new password, which is null when it was chosen."""

    username: str
    role: Role
    password: str | None


class AuditView(msgspec.Struct, frozen=True, kw_only=True):
    """Who did what, when."""

    id: str
    at: datetime
    actor: str
    action: str
    subject: str
    detail: str
