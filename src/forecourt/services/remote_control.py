"""Commands: asked for by operators and programs, decided in the pile's mailbox, on the wire only when recorded."""

from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import msgspec

from forecourt.bus import pile_subject
from forecourt.domain import remote_control
from forecourt.domain.command import Command, RemoteStart, Request
from forecourt.domain.outcome import Outcome, PileState
from forecourt.domain.records import AuditEntry
from forecourt.domain.secret import kept_request
from forecourt.services import audit
from forecourt.services.context import Services
from forecourt.store.errors import Status, WriteError

DEFAULT_LIFE = timedelta(seconds=60)


class RefusedError(Exception):
    """A command that can't be taken: says why, in words for the one who asked."""


async def submit(
    sv: Services,
    pile_id: str,
    request: Request,
    requested_by: str,
    idempotency_key: str | None = None,
    life: timedelta = DEFAULT_LIFE,
) -> Command:
    """Record a command as queued and tell the gateway that holds the pile. The same idempotency key gives the same command.

    Raises RefusedError for a pile that does not exist, or for a key that was used for another request.
    """
    known = await _by_key(sv, requested_by, idempotency_key)
    if known is not None:
        return _same(known, pile_id, request)
    if await sv.store.pile(pile_id) is None:
        raise RefusedError(f"there is no pile {pile_id!r}")
    now = sv.clock.now()
    command = Command(
        id=uuid4().hex,
        pile_id=pile_id,
        request=request,
        requested_by=requested_by,
        idempotency_key=idempotency_key or None,
        created_at=now,
        expires_at=now + life * sv.clock.speed,
        remote_start_id=await _start_id(sv) if isinstance(request, RemoteStart) else None,
    )
    try:
        await sv.store.write(command, _audited(sv, command))
    except WriteError as error:
        # The same key a moment earlier, in another request.
        known = await _by_key(sv, requested_by, idempotency_key)
        if error.status is not Status.CONFLICT or known is None:
            raise
        return _same(known, pile_id, request)
    sv.bus.publish(pile_subject(pile_id), msgspec.json.encode(command))
    return command


def _audited(sv: Services, command: Command) -> AuditEntry:
    kind = type(command.request).__name__
    return audit.entry(sv, command.requested_by, f"command.{kind}", command.pile_id, command.id)


async def _by_key(sv: Services, requested_by: str, key: str | None) -> Command | None:
    return await sv.store.command_by_key(requested_by, key) if key else None


def _same(known: Command, pile_id: str, request: Request) -> Command:
    # Passwords are masked in what has been carried out.
    if known.pile_id != pile_id or known.request not in (request, kept_request(request)):
        raise RefusedError("this Idempotency-Key was used for another command")
    return known


async def _start_id(sv: Services) -> int:
    await sv.transaction_ids.refilled()
    return sv.transaction_ids.take()


def offer(sv: Services, state: PileState, command: Command, now: datetime) -> Outcome[Command | None]:
    """Decide whether a queued command goes on the wire."""
    return remote_control.decide_offer(state, command, now)


def answered(
    sv: Services, state: PileState, command_id: str, accepted: bool, result: dict[str, Any], now: datetime
) -> Outcome[None]:
    """Record the pile's answer."""
    return remote_control.decide_answer(state, command_id, accepted, result, now)


def failed(
    sv: Services, state: PileState, command_id: str, code: str, description: str, now: datetime
) -> Outcome[None]:
    """Record that the pile refused the message."""
    return remote_control.decide_failure(state, command_id, code, description, now)


def timed_out(sv: Services, state: PileState, command_id: str, now: datetime) -> Outcome[None]:
    """Record that no answer came in time."""
    return remote_control.decide_timeout(state, command_id, now)


def lost(sv: Services, state: PileState, command_id: str, now: datetime) -> Outcome[None]:
    """Record that the connection went before the answer."""
    return remote_control.decide_loss(state, command_id, now)
