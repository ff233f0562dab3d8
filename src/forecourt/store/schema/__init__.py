"""All tables. The migrations in `store/migrations` lead to exactly this; a test compares them on both engines."""

from forecourt.store.schema.accounts import api_token, audit, login, operator
from forecourt.store.schema.columns import metadata
from forecourt.store.schema.network import (
    device_event,
    evse,
    pile,
    pile_credential,
    pile_note,
    pile_owner,
    pile_variable,
    repair_count,
    station,
    tariff,
    tariff_version,
    token,
)
from forecourt.store.schema.sessions import (
    cdr,
    command,
    evse_reading,
    meter_block,
    meter_tail,
    rejected_message,
    session,
)
from forecourt.store.schema.system import id_range, instance, ocpp_log

__all__ = [
    "api_token",
    "audit",
    "cdr",
    "command",
    "device_event",
    "evse",
    "evse_reading",
    "id_range",
    "instance",
    "login",
    "metadata",
    "meter_block",
    "meter_tail",
    "ocpp_log",
    "operator",
    "pile",
    "pile_credential",
    "pile_note",
    "pile_owner",
    "pile_variable",
    "rejected_message",
    "repair_count",
    "session",
    "station",
    "tariff",
    "tariff_version",
    "token",
]
