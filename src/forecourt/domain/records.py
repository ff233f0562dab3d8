"""Rows that are neither master data nor sessions: credentials, accounts, audit, device model, notes, the OCPP log."""

from datetime import datetime
from enum import StrEnum

import msgspec


class PileCredential(msgspec.Struct, frozen=True, kw_only=True):
    """How a pile proves who it is. ``scheme``: ``sha256`` (made by us, ≥ 128 random bits) or ``scrypt`` (chosen by a person)."""

    pile_id: str
    scheme: str
    salt: bytes
    digest: bytes
    created_at: datetime


class Role(StrEnum):
    """What an operator or an API token may do; each includes the one before it."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    ADMIN = "admin"


class Operator(msgspec.Struct, frozen=True, kw_only=True):
    """A person who signs in. ``password_hash`` is an argon2id string."""

    username: str
    name: str = ""
    role: Role = Role.OPERATOR
    password_hash: str
    locale: str = ""
    disabled: bool = False
    created_at: datetime


class Login(msgspec.Struct, frozen=True, kw_only=True):
    """A signed-in browser. ``digest`` is the SHA-256 of the cookie's random value."""

    digest: bytes
    username: str
    csrf: str
    created_at: datetime
    expires_at: datetime


class ApiToken(msgspec.Struct, frozen=True, kw_only=True):
    """A bearer token of the API. ``digest`` is the SHA-256 of its random value, which is shown once."""

    id: str
    name: str
    role: Role
    digest: bytes
    created_by: str
    created_at: datetime
    expires_at: datetime | None = None
    revoked_at: datetime | None = None


class AuditEntry(msgspec.Struct, frozen=True, kw_only=True):
    """Who did what, when. ``id`` is made by the service (time-ordered)."""

    id: str
    at: datetime
    actor: str
    action: str
    subject: str
    detail: str = ""


class PileVariable(msgspec.Struct, frozen=True, kw_only=True):
    """A setting or variable that a pile reported (1.6 configuration keys: component and attribute empty)."""

    pile_id: str
    component: str
    variable: str
    attribute: str = ""
    value: str | None = None
    mutability: str = ""
    reported_at: datetime


class DeviceEvent(msgspec.Struct, frozen=True, kw_only=True):
    """A 2.0.1 NotifyEvent datum or a vendor's DataTransfer, kept as it came. ``key``: content hash."""

    pile_id: str
    key: int
    at: datetime | None
    received_at: datetime
    kind: str
    component: str = ""
    variable: str = ""
    value: str = ""
    payload: str = ""


class PileNote(msgspec.Struct, frozen=True, kw_only=True):
    """Something the operator should know of a pile's connection; one per kind, the newest wins."""

    pile_id: str
    kind: str
    at: datetime
    text: str


class RepairCount(msgspec.Struct, frozen=True, kw_only=True):
    """How often an inbound repair was needed for a pile (absolute count)."""

    pile_id: str
    repair: str
    count: int
    last_at: datetime


class LogEntry(msgspec.Struct, frozen=True):
    """One frame in the OCPP log (diagnostic; secrets masked). ``direction``: ``in`` or ``out``."""

    pile_id: str
    at: datetime
    direction: str
    kind: str
    action: str
    message_id: str
    payload: str
