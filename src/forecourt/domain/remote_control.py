"""Decisions about commands: DESIGN §3, "a command is a row"."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any

from msgspec.structs import replace

from forecourt.domain.command import (
    FINAL,
    ChangeAvailability,
    ChangeConfiguration,
    Command,
    CommandState,
    RemoteStart,
    RemoteStop,
    TriggerMessage,
)
from forecourt.domain.outcome import Changed, Outcome, PileState
from forecourt.domain.provisioning import may_send
from forecourt.domain.secret import kept_request
from forecourt.domain.session import Session, SessionState
from forecourt.domain.token import fold_uid

# Of those whose fate is open, so many are remembered.
_REMEMBERED = 16
# Between a remote start and the session it leads to, the driver walks to the pile and plugs in. Its own clock may differ.
_STARTS_WITHIN = timedelta(minutes=15)
_STARTS_BEFORE = timedelta(minutes=2)
# What a newer order makes moot: it sets the same thing to another value. A second remote start does not undo the first.
_TARGETS: Mapping[type, Callable[[Any], object]] = MappingProxyType(
    {
        ChangeAvailability: lambda request: request.evse_id,
        ChangeConfiguration: lambda request: request.key,
    }
)
_EXPIRED = "expired before the pile could be reached"
_OPEN_FATE = frozenset({CommandState.TIMED_OUT, CommandState.UNKNOWN})


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
        refused = _final(command, CommandState.REJECTED, now, error=refusal)
        return Outcome(state, None, (refused,), (_changed(state, refused, now),))
    sent = replace(command, state=CommandState.SENT, sent_at=now)
    moot = tuple(
        _final(c, CommandState.SUPERSEDED, now, c.result, c.error)
        for c in state.commands
        if _is_moot(c, sent)
    )
    gone = {c.id for c in moot}
    state = replace(state, commands=(*(c for c in state.commands if c.id not in gone), sent))
    if isinstance(command.request, TriggerMessage):
        state = replace(state, triggered=state.triggered | {command.request.message})
    return Outcome(state, sent, (sent, *moot), tuple(_changed(state, c, now) for c in (sent, *moot)))


def given_up(command: Command, now: datetime) -> Command:
    """Return a queued command whose time has run out before its pile connected."""
    return _final(command, CommandState.REJECTED, now, error=_EXPIRED)


def _final(
    command: Command,
    state: CommandState,
    now: datetime,
    result: dict[str, Any] | None = None,
    error: str = "",
) -> Command:
    """Return a command with its last word. A password that it was to set has served its purpose and is not kept."""
    request = kept_request(command.request)
    return replace(command, request=request, state=state, result=result, error=error, finished_at=now)


def _is_moot(earlier: Command, command: Command) -> bool:
    """Say whether it no longer matters what became of an earlier command, since a new one sets the same thing."""
    kind = type(command.request)
    target = _TARGETS.get(kind)
    if target is None or type(earlier.request) is not kind or earlier.state not in _OPEN_FATE:
        return False
    return target(earlier.request) == target(command.request)


def _refusal(state: PileState, command: Command, now: datetime) -> str:
    """Return why a command can't be sent, in words for the operator; empty when it can."""
    if command.expires_at <= now:
        return _EXPIRED
    registration = state.pile.registration
    if not may_send(registration, command.request):
        kind = type(command.request).__name__
        return f"the pile's registration is {registration.value}: {kind} may not be sent"
    if isinstance(command.request, RemoteStop):
        wanted = command.request.session_id
        running = (session.id for session in state.sessions if session.state is SessionState.OPEN)
        if wanted not in running:
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
    return _left_open(state, command_id, now, CommandState.TIMED_OUT, error)


def decide_loss(state: PileState, command_id: str, now: datetime) -> Outcome[None]:
    """Return the state after the connection was lost between the frame and its answer."""
    error = "the connection was lost before the answer"
    return _left_open(state, command_id, now, CommandState.UNKNOWN, error)


def _left_open(
    state: PileState, command_id: str, now: datetime, verdict: CommandState, error: str
) -> Outcome[None]:
    command = find(state, command_id)
    if command is None or command.state is not CommandState.SENT:
        return Outcome(state, None)
    return _concluded(state, command_id, now, verdict, error=error)


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
    if verdict in FINAL:
        command = _final(command, verdict, now, result, error)
    else:
        command = replace(command, state=verdict, result=result, error=error, finished_at=now)
    others = tuple(c for c in state.commands if c.id != command_id)
    # An open fate stays in memory, so that a late answer finds it; an accepted start, until its session begins.
    awaited = verdict is CommandState.ACCEPTED and isinstance(command.request, RemoteStart)
    kept = _remembered((*others, command)) if awaited or verdict not in FINAL else others
    return Outcome(replace(state, commands=kept), None, (command,), (_changed(state, command, now),))


def _remembered(commands: tuple[Command, ...]) -> tuple[Command, ...]:
    """Return the commands without the oldest of those that wait for nothing in particular; an answer finds every sent one."""
    settled = [c.id for c in commands if c.state is not CommandState.SENT]
    forgotten = set(settled[:-_REMEMBERED])
    return tuple(c for c in commands if c.id not in forgotten)


def resolve_by_start(state: PileState, session: Session, now: datetime) -> Outcome[None]:
    """Return the state after a session began: if a remote start asked for it, that command is settled and knows its session."""
    command = next((c for c in reversed(state.commands) if _asked_for(c, session)), None)
    if command is None:
        return Outcome(state, None)
    resolved = replace(command, session_id=session.id)
    if command.state in _OPEN_FATE:
        resolved = replace(resolved, state=CommandState.ACCEPTED, finished_at=now, error="")
    others = tuple(c for c in state.commands if c.id != command.id)
    kept = (*others, resolved) if resolved.state is CommandState.SENT else others
    return Outcome(replace(state, commands=kept), None, (resolved,), (_changed(state, resolved, now),))


def _asked_for(command: Command, session: Session) -> bool:
    """Say whether a remote start led to a session: by its id (2.0.1), else by token and connector (1.6 has no id)."""
    request = command.request
    if not isinstance(request, RemoteStart) or command.session_id is not None or command.sent_at is None:
        return False
    if session.remote_start_id is not None:
        return command.remote_start_id == session.remote_start_id
    if not -_STARTS_BEFORE <= session.started_at - command.sent_at <= _STARTS_WITHIN:
        return False
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
