"""Commands as the API shows and takes them."""

from datetime import datetime
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from forecourt.domain.command import (
    ChangeAvailability,
    ChangeConfiguration,
    CommandState,
    DataTransfer,
    GetBaseReport,
    GetConfiguration,
    RawCall,
    RemoteStart,
    RemoteStop,
    Reset,
    TriggerMessage,
    UnlockConnector,
)

# What an operator may ask; RawCall has a route, and a role, of its own.
CommandBody = (
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
)


class CommandView(msgspec.Struct, frozen=True, kw_only=True):
    """A command and what became of it.

    queued → sent → accepted or rejected; ``timed_out`` and ``unknown`` do not mean that it did not happen: a late answer,
    or a session that starts, settles them. ``result`` is the pile's answer; passwords in it are not shown.
    """

    id: str
    pile_id: str
    request: CommandBody | RawCall
    state: CommandState
    requested_by: str
    created_at: datetime
    expires_at: datetime
    sent_at: datetime | None
    finished_at: datetime | None
    session_id: int | None
    result: dict[str, Any] | None
    error: str


class OcppCall(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An OCPP call as it goes to the pile, whatever its version knows."""

    action: Annotated[str, Meta(pattern="^[A-Za-z]{1,64}$")]
    payload: dict[str, Any] = {}


class OcppAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What the pile answered: ``result`` is its CALLRESULT, ``error`` says why there is none."""

    command_id: str
    state: CommandState
    result: dict[str, Any] | None
    error: str
