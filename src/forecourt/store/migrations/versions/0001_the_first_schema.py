"""The first schema"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def _column(kind: sa.types.TypeEngine[Any], name: str, null: bool) -> sa.Column[Any]:
    return sa.Column(name, kind, autoincrement=False, nullable=null)


def _text(name: str, null: bool = False) -> sa.Column[Any]:
    return _column(sa.Text().with_variant(sa.Text(collation="C"), "postgresql"), name, null)


def _integer(name: str, null: bool = False) -> sa.Column[Any]:
    return _column(sa.BigInteger(), name, null)


def _number(name: str) -> sa.Column[Any]:
    return _column(sa.BigInteger().with_variant(sa.Integer(), "sqlite"), name, False)


def _real(name: str, null: bool = False) -> sa.Column[Any]:
    return _column(sa.Double(), name, null)


def _flag(name: str) -> sa.Column[Any]:
    return _column(sa.Boolean(), name, False)


def _blob(name: str, null: bool = False) -> sa.Column[Any]:
    return _column(sa.LargeBinary(), name, null)


def _api_token() -> None:
    op.create_table(
        "api_token",
        _text("id"),
        _text("name"),
        _text("role"),
        _blob("digest"),
        _text("created_by"),
        _integer("created_at"),
        _integer("expires_at", null=True),
        _integer("revoked_at", null=True),
        sa.PrimaryKeyConstraint("id", name="pk_api_token"),
        sa.UniqueConstraint("digest", name="uq_api_token_digest"),
    )


def _audit() -> None:
    op.create_table(
        "audit",
        _text("id"),
        _integer("at"),
        _text("actor"),
        _text("action"),
        _text("subject"),
        _text("detail"),
        sa.PrimaryKeyConstraint("id", name="pk_audit"),
    )
    op.create_index("ix_audit_subject", "audit", ["subject", "id"])


def _cdr() -> None:
    op.create_table(
        "cdr",
        _text("id"),
        _integer("revision"),
        _integer("session_id"),
        _text("station_id"),
        _text("pile_id"),
        _integer("issued_at"),
        _integer("started_at"),
        _integer("ended_at"),
        _integer("energy_wh"),
        _text("currency"),
        _integer("total"),
        _text("credits", null=True),
        _text("body"),
        sa.PrimaryKeyConstraint("id", name="pk_cdr"),
    )
    op.create_index("ix_cdr_issued", "cdr", ["issued_at", "id"])
    op.create_index("ix_cdr_session", "cdr", ["session_id", "revision"])
    op.create_index("ix_cdr_station", "cdr", ["station_id", "issued_at", "id"])


def _command() -> None:
    op.create_table(
        "command",
        _text("id"),
        _text("pile_id"),
        _text("request"),
        _text("state"),
        _text("requested_by"),
        _text("idempotency_key", null=True),
        _integer("created_at"),
        _integer("expires_at"),
        _integer("sent_at", null=True),
        _integer("finished_at", null=True),
        _integer("remote_start_id", null=True),
        _integer("session_id", null=True),
        _text("result", null=True),
        _text("error"),
        sa.PrimaryKeyConstraint("id", name="pk_command"),
        sa.UniqueConstraint("requested_by", "idempotency_key", name="uq_command_requested_by"),
    )
    op.create_index("ix_command_created", "command", ["created_at", "id"])
    op.create_index("ix_command_pile", "command", ["pile_id", "created_at", "id"])
    op.create_index(
        "ix_command_queued",
        "command",
        ["expires_at"],
        sqlite_where=sa.text("state = 'queued'"),
        postgresql_where=sa.text("state = 'queued'"),
    )
    op.create_index(
        "ix_command_unresolved",
        "command",
        ["pile_id", "created_at"],
        sqlite_where=sa.text("state IN ('sent', 'timed_out', 'unknown')"),
        postgresql_where=sa.text("state IN ('sent', 'timed_out', 'unknown')"),
    )


def _device_event() -> None:
    op.create_table(
        "device_event",
        _text("pile_id"),
        _integer("key"),
        _integer("at", null=True),
        _integer("received_at"),
        _text("kind"),
        _text("component"),
        _text("variable"),
        _text("value"),
        _text("payload"),
        sa.PrimaryKeyConstraint("pile_id", "key", name="pk_device_event"),
    )
    op.create_index("ix_device_event_pile", "device_event", ["pile_id", sa.text("received_at DESC"), "key"])


def _evse() -> None:
    op.create_table(
        "evse",
        _text("pile_id"),
        _integer("evse_id"),
        _text("status"),
        _text("raw_status"),
        _text("error_code"),
        _text("info"),
        _text("connectors"),
        _integer("since", null=True),
        _integer("pile_at", null=True),
        _integer("received_at", null=True),
        sa.PrimaryKeyConstraint("pile_id", "evse_id", name="pk_evse"),
    )
    op.create_index("ix_evse_status", "evse", ["pile_id", "status"])


def _evse_reading() -> None:
    op.create_table(
        "evse_reading",
        _text("pile_id"),
        _integer("evse_id"),
        _integer("at"),
        _integer("power_w", null=True),
        _integer("register_wh", null=True),
        _blob("data"),
        sa.PrimaryKeyConstraint("pile_id", "evse_id", name="pk_evse_reading"),
    )


def _id_range() -> None:
    op.create_table(
        "id_range", _text("name"), _integer("next"), sa.PrimaryKeyConstraint("name", name="pk_id_range")
    )


def _instance() -> None:
    op.create_table(
        "instance", _text("key"), _text("value"), sa.PrimaryKeyConstraint("key", name="pk_instance")
    )


def _login() -> None:
    op.create_table(
        "login",
        _blob("digest"),
        _text("username"),
        _text("csrf"),
        _integer("created_at"),
        _integer("expires_at"),
        sa.PrimaryKeyConstraint("digest", name="pk_login"),
    )
    op.create_index("ix_login_expires", "login", ["expires_at"])
    op.create_index("ix_login_username", "login", ["username"])


def _meter_block() -> None:
    op.create_table(
        "meter_block",
        _integer("session_id"),
        _text("pile_id"),
        _integer("n"),
        _integer("from_at"),
        _integer("to_at"),
        _integer("messages"),
        _blob("body"),
        sa.PrimaryKeyConstraint("session_id", "pile_id", "n", name="pk_meter_block"),
    )


def _meter_tail() -> None:
    op.create_table(
        "meter_tail",
        _integer("session_id"),
        _text("pile_id"),
        _integer("key"),
        _blob("entry"),
        sa.PrimaryKeyConstraint("session_id", "pile_id", "key", name="pk_meter_tail"),
    )


def _ocpp_log() -> None:
    op.create_table(
        "ocpp_log",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False
        ),
        _text("pile_id"),
        _integer("at"),
        _text("direction"),
        _text("kind"),
        _text("action"),
        _text("message_id"),
        _text("payload"),
        sa.PrimaryKeyConstraint("id", name="pk_ocpp_log"),
    )
    op.create_index("ix_ocpp_log_pile", "ocpp_log", ["pile_id", "id"])


def _operator() -> None:
    op.create_table(
        "operator",
        _text("username"),
        _text("name"),
        _text("role"),
        _text("password_hash"),
        _text("locale"),
        _flag("disabled"),
        _integer("created_at"),
        sa.PrimaryKeyConstraint("username", name="pk_operator"),
    )


def _pile_credential() -> None:
    op.create_table(
        "pile_credential",
        _text("pile_id"),
        _text("scheme"),
        _blob("salt"),
        _blob("digest"),
        _integer("created_at"),
        sa.PrimaryKeyConstraint("pile_id", name="pk_pile_credential"),
    )


def _pile_note() -> None:
    op.create_table(
        "pile_note",
        _text("pile_id"),
        _text("kind"),
        _integer("at"),
        _text("text"),
        sa.PrimaryKeyConstraint("pile_id", "kind", name="pk_pile_note"),
    )


def _pile_owner() -> None:
    op.create_table(
        "pile_owner",
        _text("pile_id"),
        _integer("generation"),
        _text("gateway_id"),
        _flag("online"),
        _integer("connected_at"),
        _integer("disconnected_at", null=True),
        _text("version"),
        _text("address"),
        sa.PrimaryKeyConstraint("pile_id", name="pk_pile_owner"),
    )
    op.create_index("ix_pile_owner_gateway", "pile_owner", ["gateway_id", "online"])
    op.create_index("ix_pile_owner_online", "pile_owner", ["online", "pile_id"])


def _pile_variable() -> None:
    op.create_table(
        "pile_variable",
        _text("pile_id"),
        _text("component"),
        _text("variable"),
        _text("attribute"),
        _text("value", null=True),
        _text("mutability"),
        _integer("reported_at"),
        sa.PrimaryKeyConstraint("pile_id", "component", "variable", "attribute", name="pk_pile_variable"),
    )


def _rejected_message() -> None:
    op.create_table(
        "rejected_message",
        _text("pile_id"),
        _integer("key"),
        _integer("received_at"),
        _text("action"),
        _text("message_id"),
        _text("reason"),
        _text("payload"),
        sa.PrimaryKeyConstraint("pile_id", "key", name="pk_rejected_message"),
    )
    op.create_index("ix_rejected_message_pile", "rejected_message", ["pile_id", "received_at", "key"])
    op.create_index("ix_rejected_message_received", "rejected_message", ["received_at", "pile_id", "key"])


def _repair_count() -> None:
    op.create_table(
        "repair_count",
        _text("pile_id"),
        _text("repair"),
        _integer("count"),
        _integer("last_at"),
        sa.PrimaryKeyConstraint("pile_id", "repair", name="pk_repair_count"),
    )


def _session() -> None:
    op.create_table(
        "session",
        _number("id"),
        _text("pile_id"),
        _text("station_id"),
        _integer("evse_id"),
        _integer("connector_id"),
        _text("transaction_id"),
        _text("state"),
        _text("token_uid"),
        _text("token_type"),
        _integer("started_at"),
        _integer("started_pile_at", null=True),
        _integer("started_received_at"),
        _integer("ended_at", null=True),
        _integer("ended_pile_at", null=True),
        _integer("ended_received_at", null=True),
        _integer("closed_at", null=True),
        _text("stop_reason"),
        _text("charging_state"),
        _integer("start_register_wh", null=True),
        _integer("register_wh", null=True),
        _integer("energy_wh"),
        _integer("power_w", null=True),
        _real("soc_percent", null=True),
        _real("voltage_v", null=True),
        _real("current_a", null=True),
        _integer("reading_at", null=True),
        _integer("last_event_at"),
        _integer("events"),
        _text("seen"),
        _text("idle"),
        _text("tariff_version"),
        _integer("cost", null=True),
        _text("currency"),
        _integer("cost_at", null=True),
        _text("flags"),
        _integer("remote_start_id", null=True),
        _integer("reservation_id", null=True),
        _integer("start_key"),
        _text("start_message_id"),
        _integer("start_content"),
        _real("clock_offset_s"),
        _integer("settle_at", null=True),
        _text("token_key"),
        sa.PrimaryKeyConstraint("id", name="pk_session"),
        sa.UniqueConstraint("pile_id", "transaction_id", name="uq_session_pile_id"),
        postgresql_with={"fillfactor": 80},
    )
    op.create_index(
        "ix_session_ended",
        "session",
        ["ended_at", "currency", "energy_wh", "cost"],
        sqlite_where=sa.text("ended_at IS NOT NULL"),
        postgresql_where=sa.text("ended_at IS NOT NULL"),
    )
    op.create_index(
        "ix_session_flagged",
        "session",
        ["started_at", "id"],
        sqlite_where=sa.text("flags <> '[]'"),
        postgresql_where=sa.text("flags <> '[]'"),
    )
    op.create_index("ix_session_pile", "session", ["pile_id", "started_at", "id"])
    op.create_index("ix_session_start_key", "session", ["pile_id", "start_key", "id"])
    op.create_index("ix_session_started", "session", ["started_at", "id"])
    op.create_index("ix_session_station", "session", ["station_id", "started_at", "id"])
    op.create_index("ix_session_token", "session", ["token_key", "started_at", "id"])
    op.create_index(
        "ix_session_unclosed",
        "session",
        ["started_at", "id"],
        sqlite_where=sa.text("state <> 'closed'"),
        postgresql_where=sa.text("state <> 'closed'"),
    )
    op.create_index(
        "ix_session_unclosed_pile",
        "session",
        ["pile_id", "started_at", "id"],
        sqlite_where=sa.text("state <> 'closed'"),
        postgresql_where=sa.text("state <> 'closed'"),
    )
    op.create_index(
        "ix_session_unclosed_station",
        "session",
        ["station_id", "started_at", "id"],
        sqlite_where=sa.text("state <> 'closed'"),
        postgresql_where=sa.text("state <> 'closed'"),
    )
    op.create_index(
        "ix_session_unsettled",
        "session",
        ["settle_at", "id"],
        sqlite_where=sa.text("settle_at IS NOT NULL"),
        postgresql_where=sa.text("settle_at IS NOT NULL"),
    )


def _station() -> None:
    op.create_table(
        "station",
        _text("id"),
        _text("name"),
        _text("name_zh"),
        _text("address"),
        _text("city"),
        _text("city_zh"),
        _text("province"),
        _text("country"),
        _real("lat"),
        _real("lon"),
        _text("time_zone"),
        _text("currency"),
        _integer("grid_w", null=True),
        _text("tariff_id", null=True),
        sa.PrimaryKeyConstraint("id", name="pk_station"),
    )


def _tariff() -> None:
    op.create_table(
        "tariff",
        _text("id"),
        _text("name"),
        _text("currency"),
        _text("body"),
        sa.PrimaryKeyConstraint("id", name="pk_tariff"),
    )


def _tariff_version() -> None:
    op.create_table(
        "tariff_version",
        _text("version"),
        _text("tariff"),
        sa.PrimaryKeyConstraint("version", name="pk_tariff_version"),
    )


def _token() -> None:
    op.create_table(
        "token",
        _text("uid_key"),
        _text("uid"),
        _text("type"),
        _text("status"),
        _text("driver"),
        _text("group_id"),
        _text("brand"),
        _integer("expires_at", null=True),
        _integer("created_at", null=True),
        sa.PrimaryKeyConstraint("uid_key", name="pk_token"),
    )


def _pile() -> None:
    op.create_table(
        "pile",
        _text("id"),
        _text("station_id"),
        _text("name"),
        _text("ocpp_version"),
        _text("admission"),
        _text("registration"),
        _integer("max_power_w", null=True),
        _integer("max_current_a", null=True),
        _text("tariff_id", null=True),
        _flag("compression"),
        _text("vendor"),
        _text("model"),
        _text("serial"),
        _text("firmware"),
        _integer("booted_at", null=True),
        _text("boot_reason"),
        _integer("created_at", null=True),
        sa.ForeignKeyConstraint(["station_id"], ["station.id"], name="fk_pile_station_id"),
        sa.PrimaryKeyConstraint("id", name="pk_pile"),
    )
    op.create_index("ix_pile_station", "pile", ["station_id", "id"])


def upgrade() -> None:
    _api_token()
    _audit()
    _cdr()
    _command()
    _device_event()
    _evse()
    _evse_reading()
    _id_range()
    _instance()
    _login()
    _meter_block()
    _meter_tail()
    _ocpp_log()
    _operator()
    _pile_credential()
    _pile_note()
    _pile_owner()
    _pile_variable()
    _rejected_message()
    _repair_count()
    _session()
    _station()
    _tariff()
    _tariff_version()
    _token()
    _pile()
