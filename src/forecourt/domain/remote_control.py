"""Decisions about commands: DESIGN §3, "a command is a row"."""

from datetime import datetime
from typing import Any

from msgspec.structs import replace

from forecourt.domain.command import FINAL, Command, CommandState, RemoteStart, RemoteStop, TriggerMessage
from forecourt.domain.outcome import Changed, Outcome, PileState
from forecourt.domain.provisioning import may_send
from forecourt.domain.session import Session
from forecourt.domain.token import fold_uid


def find(state: PileState, command_id: str) -> Command | None:
    """Return an outstanding command of the pile."""
    return next((command for command in state.commands if command.id == command_id), None)


def decide_offer(state: PileState, command: Command, now: datetime) -> Outcome[Command | None]:
    """Return the command as it is to be sent, already recorded as SENT; or None, when it may not be sent.

    The same command offered twice (a lost bus message, a sweep) is sent once.
    """
    if find(state, command.id) is not None or command.state is not CommandState.QUEUED:
        return Outcome(state, None)
    refusal = _refusal(state, command, now)
    if refusal:
        refused = replace(command, state=CommandState.REJECTED, error=refusal, finished_at=now)
        return Outcome(state, None, (refused,), (_changed(state, refused, now),))
    sent = replace(command, state=CommandState.SENT, sent_at=now)
    state = replace(state, commands=(*state.commands, sent))
    if isinstance(command.request, TriggerMessage):
        state = replace(state, triggered=state.triggered | {command.request.message})
    return Outcome(state, sent, (sent,), (_changed(state, sent, now),))


def _refusal(state: PileState, command: Command, now: datetime) -> str:
    """Return why a command can't be sent, in words for the operator; empty when it can."""
    if command.expires_at <= now:
        return "expired before the pile could be reached"
    registration = state.pile.registration
    if not may_send(registration, command.request):
        kind = type(command.request).__name__
        return f"the pile's registration is {registration.value}: {kind} may not be sent"
    if isinstance(command.request, RemoteStop):
        wanted = command.request.session_id
        if all(session.id != wanted for session in state.sessions):
            return f"session {wanted} is not running on this pile"
    return ""


def decide_answer(
    state: PileState, command_id: str, accepted: bool, result: dict[str, Any], now: datetime
) -> Outcome[None]:
    """Return the state after the pile's answer, late ones included: it settles a command that had timed out."""
    verdict = CommandState.ACCEPTED if accepted else CommandState.REJECTED
    return _concluded(state, command_id, now, verdict, result=result)


def decide_failure(
    state: PileState, command_id: str, code: str, description: str, now: datetime
) -> Outcome[None]:
    """Return the state after a CALLERROR: the pile refused the message itself."""
    error = f"{code}: {description}" if description else code
    return _concluded(state, command_id, now, CommandState.REJECTED, error=error)


def decide_timeout(state: PileState, command_id: str, now: datetime) -> Outcome[None]:
    """Return the state after a time-out, which does not mean "did not happen" (field problem 22): a late answer settles it."""
    error = "no answer in time; the pile may have done it all the same"
    return _concluded(state, command_id, now, CommandState.TIMED_OUT, error=error)


def decide_loss(state: PileState, command_id: str, now: datetime) -> Outcome[None]:
    """Return the state after the connection was lost between the frame and its answer."""
    error = "the connection was lost before the answer"
    return _concluded(state, command_id, now, CommandState.UNKNOWN, error=error)


def _concluded(
    state: PileState,
    command_id: str,
    now: datetime,
    verdict: CommandState,
    *,
    result: dict[str, Any] | None = None,
    error: str = "",
) -> Outcome[None]:
    command = find(state, command_id)
    if command is None or command.state in FINAL:
        return Outcome(state, None)
    command = replace(command, state=verdict, result=result, error=error, finished_at=now)
    others = tuple(c for c in state.commands if c.id != command_id)
    # An open fate stays in memory, so that a late answer finds it; an accepted start, until its session begins.
    awaited = verdict is CommandState.ACCEPTED and isinstance(command.request, RemoteStart)
    kept = (*others, command) if awaited or verdict not in FINAL else others
    return Outcome(replace(state, commands=kept[-16:]), None, (command,), (_changed(state, command, now),))


def resolve_by_start(state: PileState, session: Session, now: datetime) -> Outcome[None]:
    """Return the state after a session began: if a remote start asked for it, that command is settled and knows its session."""
    command = next((c for c in state.commands if _asked_for(c, session)), None)
    if command is None:
        return Outcome(state, None)
    resolved = replace(command, session_id=session.id)
    if command.state in (CommandState.TIMED_OUT, CommandState.UNKNOWN):
        resolved = replace(resolved, state=CommandState.ACCEPTED, finished_at=now, error="")
    others = tuple(c for c in state.commands if c.id != command.id)
    kept = (*others, resolved) if resolved.state is CommandState.SENT else others
    return Outcome(replace(state, commands=kept), None, (resolved,), (_changed(state, resolved, now),))


def _asked_for(command: Command, session: Session) -> bool:
    """Say whether a remote start led to a session: by its id (2.0.1), else by token and connector (1.6 has no id)."""
    request = command.request
    if not isinstance(request, RemoteStart) or command.session_id is not None:
        return False
    if session.remote_start_id is not None:
        return command.remote_start_id == session.remote_start_id
    same_evse = request.evse_id in (None, session.evse_id)
    return same_evse and fold_uid(request.token_uid) == fold_uid(session.token_uid)


def _changed(state: PileState, command: Command, now: datetime) -> Changed:
    return Changed(
        topic="command",
        at=now,
        station_id=state.pile.station_id,
        pile_id=state.pile.id,
        command_id=command.id,
        session_id=command.session_id,
    )
