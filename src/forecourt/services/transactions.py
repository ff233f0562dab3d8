"""Transaction messages: look up what the decision needs, decide."""

from collections.abc import Awaitable
from datetime import datetime, timedelta

from msgspec.structs import replace

from forecourt.domain import remote_control, transactions
from forecourt.domain.outcome import Outcome, PileState
from forecourt.domain.session import Session
from forecourt.domain.token import TokenStatus
from forecourt.domain.transaction_event import Kind, TransactionEvent, TransactionReply
from forecourt.domain.transactions import Case, Facts
from forecourt.services.authorization import cached_status, status_of
from forecourt.services.context import Services

Reply = Outcome[TransactionReply]


def transaction_event(
    sv: Services, state: PileState, event: TransactionEvent, now: datetime
) -> Reply | Awaitable[Reply]:
    """Decide on a transaction message; at once when memory and caches know all that it takes."""
    status = cached_status(sv, event.token, now) if event.token else None
    asked = event.token is not None and status is None
    if asked or transactions.must_look_up(state, event):
        return _looked_up(sv, state, event, now)
    ids = _ids(sv, state, event, None)
    if ids is None:
        return _looked_up(sv, state, event, now)
    return _decided(sv, state, Case(event, Facts(status, None, *ids), now, sv.rules))


def _ids(
    sv: Services, state: PileState, event: TransactionEvent, found: Session | None
) -> tuple[int, int] | None:
    """Return the ids of the session that the message may open; zeros when it opens none, None when the ranges are empty."""
    if not transactions.may_open(state, event, found):
        return 0, 0
    transaction_id = -1 if event.transaction_id else sv.transaction_ids.take()
    session_id = sv.session_ids.take()
    return (session_id, transaction_id) if session_id and transaction_id else None


async def _looked_up(sv: Services, state: PileState, event: TransactionEvent, now: datetime) -> Reply:
    status = await _status(sv, event, now)
    found = await _found(sv, state, event)
    while (ids := _ids(sv, state, event, found)) is None:
        await sv.session_ids.refilled()
        await sv.transaction_ids.refilled()
    return _decided(sv, state, Case(event, Facts(status, found, *ids), now, sv.rules))


async def _status(sv: Services, event: TransactionEvent, now: datetime) -> TokenStatus | None:
    if event.token is None:
        return None
    return cached_status(sv, event.token, now) or await status_of(sv, event.token, now)


async def _found(sv: Services, state: PileState, event: TransactionEvent) -> Session | None:
    if not transactions.must_look_up(state, event):
        return None
    if event.transaction_id:
        return await sv.store.find_session(state.pile.id, transaction_id=event.transaction_id)
    return await sv.store.find_session(state.pile.id, start_key=transactions.start_key(event))


def _decided(sv: Services, state: PileState, case: Case) -> Reply:
    outcome = transactions.decide(state, case)
    event = case.event
    if not state.commands or (event.kind is not Kind.STARTED and event.remote_start_id is None):
        return outcome
    session = next((s for s in outcome.state.sessions if s.id == outcome.reply.session_id), None)
    if session is None:
        return outcome
    resolved = remote_control.resolve_by_start(outcome.state, session, case.now)
    return replace(
        outcome,
        state=resolved.state,
        writes=(*outcome.writes, *resolved.writes),
        events=(*outcome.events, *resolved.events),
    )


def expire(sv: Services, state: PileState, now: datetime) -> Outcome[None]:
    """Close sessions that have been silent for longer than the cap."""
    return transactions.expire(state, now, timedelta(seconds=sv.config.session_cap), sv.rules.settle_wait)
