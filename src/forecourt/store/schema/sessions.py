"""Charging: sessions, their meter values, evidence, commands and CDRs."""

from sqlalchemy import ColumnElement, Index, Table, UniqueConstraint, literal_column

from forecourt.store.schema.columns import (
    blob,
    integer,
    json,
    metadata,
    money,
    number,
    real,
    text,
    time,
)

# `token_key` is the folded `token_uid`. Nothing that every meter message changes is indexed: such an update stays within
# its page (on PostgreSQL it is a heap-only one, for which the pages are left a fifth empty).
session = Table(
    "session",
    metadata,
    number("id"),
    text("pile_id"),
    text("station_id"),
    integer("evse_id"),
    integer("connector_id"),
    text("transaction_id"),
    text("state"),
    text("token_uid"),
    text("token_type"),
    time("started_at"),
    time("started_pile_at", null=True),
    time("started_received_at"),
    time("ended_at", null=True),
    time("ended_pile_at", null=True),
    time("ended_received_at", null=True),
    time("closed_at", null=True),
    text("stop_reason"),
    text("charging_state"),
    integer("start_register_wh", null=True),
    integer("register_wh", null=True),
    integer("energy_wh"),
    integer("power_w", null=True),
    real("soc_percent", null=True),
    real("voltage_v", null=True),
    real("current_a", null=True),
    time("reading_at", null=True),
    time("last_event_at"),
    integer("events"),
    json("seen"),
    json("idle"),
    text("tariff_version"),
    money("cost", null=True),
    text("currency"),
    time("cost_at", null=True),
    json("flags"),
    integer("remote_start_id", null=True),
    integer("reservation_id", null=True),
    integer("start_key"),
    text("start_message_id"),
    integer("start_content"),
    real("clock_offset_s"),
    time("settle_at", null=True),
    text("token_key"),
    UniqueConstraint("pile_id", "transaction_id"),
    postgresql_with={"fillfactor": 80},
)
UNCLOSED: ColumnElement[bool] = literal_column("state <> 'closed'")
FLAGGED: ColumnElement[bool] = literal_column("flags <> '[]'")
UNSETTLED: ColumnElement[bool] = literal_column("settle_at IS NOT NULL")
ENDED: ColumnElement[bool] = literal_column("ended_at IS NOT NULL")


def _part(name: str, condition: object, *columns: str) -> Index:
    kept = [session.c[column] for column in columns]
    return Index(f"ix_session_{name}", *kept, sqlite_where=condition, postgresql_where=condition)


def _whole(name: str, *columns: str) -> Index:
    return Index(f"ix_session_{name}", *[session.c[column] for column in columns])


# Pages are read backwards: the newest first.
_whole("started", "started_at", "id")
_whole("station", "station_id", "started_at", "id")
_whole("pile", "pile_id", "started_at", "id")
_whole("token", "token_key", "started_at", "id")
_whole("start_key", "pile_id", "start_key", "id")
_part("unclosed", UNCLOSED, "started_at", "id")
_part("unclosed_pile", UNCLOSED, "pile_id", "started_at", "id")
_part("unclosed_station", UNCLOSED, "station_id", "started_at", "id")
_part("flagged", FLAGGED, "started_at", "id")
_part("unsettled", UNSETTLED, "settle_at", "id")
_part("ended", ENDED, "ended_at", "currency", "energy_wh", "cost")

# DESIGN §3, "Meter values": one packed row for each accepted message (`store.meter`), until a block takes it over.
# A rowid table on purpose: rows are appended and only the small index is hit at random; WITHOUT ROWID takes twice as long.
meter_tail = Table(
    "meter_tail",
    metadata,
    integer("session_id", key=True),
    text("pile_id", key=True),
    integer("key", key=True),
    blob("entry"),
)

# `n` counts the blocks of a session; `from_at` and `to_at` are the first and last corrected times in it.
meter_block = Table(
    "meter_block",
    metadata,
    integer("session_id", key=True),
    text("pile_id", key=True),
    integer("n", key=True),
    time("from_at"),
    time("to_at"),
    integer("messages"),
    blob("body"),
)

evse_reading = Table(
    "evse_reading",
    metadata,
    text("pile_id", key=True),
    integer("evse_id", key=True),
    time("at"),
    integer("power_w", null=True),
    integer("register_wh", null=True),
    blob("data"),
)

rejected_message = Table(
    "rejected_message",
    metadata,
    text("pile_id", key=True),
    integer("key", key=True),
    time("received_at"),
    text("action"),
    text("message_id"),
    text("reason"),
    text("payload"),
)
Index(
    "ix_rejected_message_received",
    rejected_message.c.received_at,
    rejected_message.c.pile_id,
    rejected_message.c.key,
)
Index(
    "ix_rejected_message_pile",
    rejected_message.c.pile_id,
    rejected_message.c.received_at,
    rejected_message.c.key,
)

command = Table(
    "command",
    metadata,
    text("id", key=True),
    text("pile_id"),
    json("request"),
    text("state"),
    text("requested_by"),
    text("idempotency_key", null=True),
    time("created_at"),
    time("expires_at"),
    time("sent_at", null=True),
    time("finished_at", null=True),
    integer("remote_start_id", null=True),
    integer("session_id", null=True),
    json("result", null=True),
    text("error"),
    UniqueConstraint("requested_by", "idempotency_key"),
)
QUEUED: ColumnElement[bool] = literal_column("state = 'queued'")
UNRESOLVED: ColumnElement[bool] = literal_column("state IN ('sent', 'timed_out', 'unknown')")
Index("ix_command_created", command.c.created_at, command.c.id)
Index("ix_command_pile", command.c.pile_id, command.c.created_at, command.c.id)
Index("ix_command_queued", command.c.expires_at, sqlite_where=QUEUED, postgresql_where=QUEUED)
Index(
    "ix_command_unresolved",
    command.c.pile_id,
    command.c.created_at,
    sqlite_where=UNRESOLVED,
    postgresql_where=UNRESOLVED,
)

# Immutable: inserted once. The columns are what lists and sums need, `body` is the whole record.
cdr = Table(
    "cdr",
    metadata,
    text("id", key=True),
    integer("revision"),
    integer("session_id"),
    text("station_id"),
    text("pile_id"),
    time("issued_at"),
    time("started_at"),
    time("ended_at"),
    integer("energy_wh"),
    text("currency"),
    money("total"),
    text("credits", null=True),
    json("body"),
)
Index("ix_cdr_session", cdr.c.session_id, cdr.c.revision)
Index("ix_cdr_issued", cdr.c.issued_at, cdr.c.id)
Index("ix_cdr_station", cdr.c.station_id, cdr.c.issued_at, cdr.c.id)
