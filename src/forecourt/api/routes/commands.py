"""Commands: what is asked of piles, and what became of it."""

from datetime import timedelta
from typing import Annotated

import msgspec
from litestar import Response, get, post
from litestar.params import HeaderParameter, JSONBody, PathParameter, QueryParameter

from forecourt.api.auth import Caller
from forecourt.api.inputs import AnyRequest, By, Cursor, Filter, Limit, PileId, Sv
from forecourt.api.masking import shown, veiled
from forecourt.api.pages import Page, paged
from forecourt.api.problem import CONFLICT, KEY_REUSED, NO_ANSWER, NOT_CONNECTED, ProblemError, missing
from forecourt.api.routes.piles import known
from forecourt.api.schema.commands import CommandBody, CommandView, OcppAnswer, OcppCall
from forecourt.api.waiting import UNDECIDED, outcome
from forecourt.domain.command import Command, CommandState, RawCall, Request
from forecourt.services import audit, remote_control
from forecourt.services.context import Services
from forecourt.services.remote_control import RefusedError

# A call that waits for others longer than this is not sent any more: whoever asked would be gone before its answer.
SEND_WITHIN_S = 5.0

Key = Annotated[
    str | None,
    HeaderParameter(
        name="Idempotency-Key",
        min_length=1,
        max_length=128,
        pattern="^[!-~]+$",
        description="Chosen by the caller. The same key again gives the same command, which is sent once.",
    ),
]
Wait = Annotated[
    int,
    QueryParameter(ge=0, le=30, description="Answer when the command is decided, or after so many seconds."),
]


def _view(command: Command, caller: Caller) -> CommandView:
    return shown(msgspec.convert(command, CommandView, from_attributes=True), caller)


@post("/piles/{pile_id:str}/commands", tags=["Commands"], status_code=202)
async def send_command(
    sv: Sv, caller: By, pile_id: PileId, data: JSONBody[CommandBody], idempotency_key: Key = None
) -> CommandView:
    """Ask a pile to do something. It is recorded as queued; `GET /commands/{id}?wait=30` says what became of it."""
    await known(sv, pile_id)
    return _view(await _submitted(sv, pile_id, data, caller, idempotency_key), caller)


async def _submitted(
    sv: Services, pile_id: str, request: Request, caller: Caller, key: str | None
) -> Command:
    try:
        return await remote_control.submit(sv, pile_id, request, caller.name, key)
    except RefusedError as error:
        raise ProblemError(KEY_REUSED, f"{error}: take a new key for a new command") from None


@get("/commands", tags=["Commands"])
async def list_commands(
    sv: Sv,
    caller: By,
    request: AnyRequest,
    pile_id: Annotated[str | None, Filter] = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Response[Page[CommandView]]:
    """List the commands, the newest first."""
    return await paged(request, sv.store.commands(pile_id, cursor, limit), lambda row: _view(row, caller))


@get("/commands/{command_id:str}", tags=["Commands"])
async def get_command(
    sv: Sv,
    caller: By,
    command_id: Annotated[str, PathParameter(description="Id of the command.")],
    wait: Wait = 0,
) -> CommandView:
    """Show a command and its state; with `wait`, once it is accepted, rejected, timed out, superseded or unknown."""
    command = await outcome(sv, command_id, wait) if wait else await sv.store.command(command_id)
    if command is None:
        raise missing("command", command_id)
    return _view(command, caller)


@post("/piles/{pile_id:str}/ocpp", tags=["Commands"], status_code=200)
async def call_ocpp(sv: Sv, caller: By, pile_id: PileId, data: JSONBody[OcppCall]) -> OcppAnswer:
    """Send any OCPP call, with any payload, and wait for the pile's answer. Audited. For experts: nothing is checked."""
    await known(sv, pile_id)
    detail = await sv.store.pile_detail(pile_id)
    if detail is None or not detail.owner.online:
        raise ProblemError(NOT_CONNECTED, f"pile {pile_id!r} is not connected: try again when it is")
    await sv.store.write(audit.entry(sv, caller.name, "pile.ocpp", pile_id, _audited(data)))
    request, life = RawCall(data.action, data.payload), timedelta(seconds=SEND_WITHIN_S)
    command = await remote_control.submit(sv, pile_id, request, caller.name, life=life)
    decided = await outcome(sv, command.id, SEND_WITHIN_S + sv.config.call_timeout) or command
    _require_answer(decided)
    return OcppAnswer(command_id=command.id, state=decided.state, result=decided.result, error=decided.error)


def _require_answer(command: Command) -> None:
    if command.state in UNDECIDED or command.state in (CommandState.TIMED_OUT, CommandState.UNKNOWN):
        reason = command.error or "no answer in time; the pile may have done it all the same"
        raise ProblemError(NO_ANSWER, f"{reason}: see GET /commands/{command.id}", command_id=command.id)
    if command.state is CommandState.REJECTED and command.sent_at is None:
        raise ProblemError(CONFLICT, f"it was not sent: {command.error}", command_id=command.id)


def _audited(call: OcppCall) -> str:
    return f"{call.action} {msgspec.json.encode(veiled(call.payload)).decode()}"[:1000]


HANDLERS = (send_command, list_commands, get_command, call_ocpp)
