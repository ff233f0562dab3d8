"""People and programs that use the console and the API, and what they did."""

from sqlalchemy import Index, Table, UniqueConstraint

from forecourt.store.schema.columns import blob, flag, metadata, text, time

operator = Table(
    "operator",
    metadata,
    text("username", key=True),
    text("name"),
    text("role"),
    text("password_hash"),
    text("locale"),
    flag("disabled"),
    time("created_at"),
)

login = Table(
    "login",
    metadata,
    blob("digest", key=True),
    text("username"),
    text("csrf"),
    time("created_at"),
    time("expires_at"),
)
Index("ix_login_username", login.c.username)
Index("ix_login_expires", login.c.expires_at)

api_token = Table(
    "api_token",
    metadata,
    text("id", key=True),
    text("name"),
    text("role"),
    blob("digest"),
    text("created_by"),
    time("created_at"),
    time("expires_at", null=True),
    time("revoked_at", null=True),
    UniqueConstraint("digest"),
)

# `id` is ordered by time: the pages are read by it.
audit = Table(
    "audit",
    metadata,
    text("id", key=True),
    time("at"),
    text("actor"),
    text("action"),
    text("subject"),
    text("detail"),
)
Index("ix_audit_subject", audit.c.subject, audit.c.id)
