"""Commands: what we ask of a pile, in our words, and what became of it."""

from datetime import datetime
from enum import StrEnum
from typing import Any

import msgspec


class CommandState(StrEnum):
    """DESIGN §3: a command is a row. ``SENT`` is committed before the frame is written."""

    QUEUED = "queued"
    SENT = "sent"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    TIMED_OUT = "timed_out"
    SUPERSEDED = "superseded"
    UNKNOWN = "unknown"


FINAL = frozenset({CommandState.ACCEPTED, CommandState.REJECTED, CommandState.SUPERSEDED})


class RemoteStart(msgspec.Struct, frozen=True, tag=True, tag_field="kind", forbid_unknown_fields=True):
    """Start a session: OCPP 1.6 RemoteStartTransaction, 2.0.1 RequestStartTransaction."""

    token_uid: str
    evse_id: int | None = None
    token_type: str = "Central"


class RemoteStop(msgspec.Struct, frozen=True, tag=True, tag_field="kind", forbid_unknown_fields=True):
    """Stop a session: 1.6 RemoteStopTransaction, 2.0.1 RequestStopTransaction."""

    session_id: int


class Reset(msgspec.Struct, frozen=True, tag=True, tag_field="kind", forbid_unknown_fields=True):
    """Restart the pile: now (1.6 Hard, 2.0.1 Immediate), or when its sessions have ended (Soft, OnIdle)."""

    when_idle: bool = True
    evse_id: int | None = None


class UnlockConnector(msgspec.Struct, frozen=True, tag=True, tag_field="kind", forbid_unknown_fields=True):
    """Release the plug of a connector."""

    evse_id: int
    connector_id: int = 1


class ChangeAvailability(msgspec.Struct, frozen=True, tag=True, tag_field="kind", forbid_unknown_fields=True):
    """Take a pile (``evse_id`` None) or an EVSE out of service, or back into it."""

    operative: bool
    evse_id: int | None = None


class TriggerMessage(msgspec.Struct, frozen=True, tag=True, tag_field="kind", forbid_unknown_fields=True):
    """Ask the pile to send a message of the named kind."""

    message: str
    evse_id: int | None = None


class GetConfiguration(msgspec.Struct, frozen=True, tag=True, tag_field="kind", forbid_unknown_fields=True):
    """Read settings. 1.6: keys, empty for all; 2.0.1 GetVariables: ``Component.Variable`` or ``Component[instance].Variable``."""

    keys: tuple[str, ...] = ()


class ChangeConfiguration(
    msgspec.Struct, frozen=True, tag=True, tag_field="kind", forbid_unknown_fields=True
):
    """Write one setting: 1.6 ChangeConfiguration, 2.0.1 SetVariables with the same naming as GetConfiguration."""

    key: str
    value: str


class GetBaseReport(msgspec.Struct, frozen=True, tag=True, tag_field="kind", forbid_unknown_fields=True):
    """Ask a 2.0.1 pile for a report of its device model."""

    report: str = "FullInventory"


class DataTransfer(msgspec.Struct, frozen=True, tag=True, tag_field="kind", forbid_unknown_fields=True):
    """A vendor's own message to the pile."""

    vendor_id: str
    message_id: str | None = None
    data: str | None = None


class RawCall(msgspec.Struct, frozen=True, tag=True, tag_field="kind", forbid_unknown_fields=True):
    """An operator's OCPP call with any action and payload (a JSON object); audited."""

    action: str
    payload: dict[str, Any]


Request = (
    RemoteStart
    | RemoteStop
    | Reset
    | UnlockConnector
    | ChangeAvailability
    | TriggerMessage
    | GetConfiguration
    | ChangeConfiguration
    | GetBaseReport
    | DataTransfer
    | RawCall
)


class Command(msgspec.Struct, frozen=True, kw_only=True):
    """A command and its state. ``result`` is the pile's answer, or says why there is none."""

    id: str
    pile_id: str
    request: Request
    state: CommandState = CommandState.QUEUED
    requested_by: str = ""
    idempotency_key: str | None = None
    created_at: datetime
    expires_at: datetime
    sent_at: datetime | None = None
    finished_at: datetime | None = None
    remote_start_id: int | None = None
    session_id: int | None = None
    result: dict[str, Any] | None = None
    error: str = ""
