"""Decisions about transaction messages: DESIGN §3, "What must hold"."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from msgspec.structs import replace

from forecourt.domain import pile_time, session_fold, transaction_evidence
from forecourt.domain.billing import priced
from forecourt.domain.evses import refresh_evse
from forecourt.domain.outcome import Changed, Outcome, PileState
from forecourt.domain.session import Flag, RecentSession, Session, SessionState, Turn
from forecourt.domain.session_opening import adopted, opened
from forecourt.domain.session_rows import entry, row_of
from forecourt.domain.session_turns import turned
from forecourt.domain.transaction_case import Case, Facts, Rules, start_key
from forecourt.domain.transaction_event import (
    Kind,
    TransactionEvent,
    TransactionReply,
    moved,
    not_before,
    timed,
)

__all__ = [
    "Case",
    "Facts",
    "Rules",
    "changed",
    "decide",
    "expire",
    "find",
    "is_replay",
    "may_open",
    "must_look_up",
    "remember",
    "start_key",
]

RECENT = 16
_NO_TRANSACTION = frozenset({"", "0", "-1"})


def find(state: PileState, event: TransactionEvent) -> Session | None:
    """Return the session in memory that a message belongs to."""
    if not _is_without_transaction(event):
        wanted = event.transaction_id
        for session in state.sessions:
            if session.transaction_id == wanted:
                return session
        return None
    if event.kind is Kind.STARTED:
        key = start_key(event)
        return next((s for s in state.sessions if s.start_key == key), None)
    if event.kind is Kind.ENDED and event.seq_no is None:
        return None
    # MeterValues without a transaction: they belong to what ran on that EVSE then, if anything did.
    running = (s for s in state.sessions if _runs_on(s, event))
    return max(running, key=lambda session: session.started_at, default=None)


def _is_without_transaction(event: TransactionEvent) -> bool:
    """Say whether a message names no transaction. In 2.x "0" is an id like any other."""
    return not event.transaction_id or (event.seq_no is None and event.transaction_id in _NO_TRANSACTION)


def _runs_on(session: Session, event: TransactionEvent) -> bool:
    here = bool(event.evse_id) and session.evse_id == event.evse_id
    return here and session.state is SessionState.OPEN and session.started_at <= event.at


def must_look_up(state: PileState, event: TransactionEvent) -> bool:
    """Say whether the database has to be asked for a closed session before the decision."""
    if find(state, event) is not None:
        return False
    if event.kind is not Kind.STARTED:
        return not _is_without_transaction(event)
    return _replays_recent(state, event) or not (state.recent_complete or _is_fresh(state, event))


def _is_fresh(state: PileState, event: TransactionEvent) -> bool:
    """Say whether a start is later, by the pile's clock, than that of any session which may have been forgotten."""
    known_until = max((recent.started_at for recent in state.recent), default=None)
    return known_until is not None and event.pile_at is not None and event.pile_at > known_until


def _replays_recent(state: PileState, event: TransactionEvent) -> bool:
    if event.transaction_id:
        return any(recent.transaction_id == event.transaction_id for recent in state.recent)
    key = start_key(event)
    return any(recent.start_key == key for recent in state.recent)


def is_replay(session: Session, event: TransactionEvent) -> bool:
    """Say whether a 1.6 start with the key of an ended session is that start again, or only alike (a clock without date)."""
    return event.message_id == session.start_message_id or event.key == session.start_content


def may_open(state: PileState, event: TransactionEvent, found: Session | None = None) -> bool:
    """Say whether a message may open a session, for which ids are needed then; ``found`` is what the database knows."""
    session = find(state, event) or found
    if session is not None:
        return _is_16_start(event) and not _repeats(session, event)
    return event.kind is Kind.STARTED or (event.seq_no is not None and bool(event.transaction_id))


def _is_16_start(event: TransactionEvent) -> bool:
    return event.kind is Kind.STARTED and not event.transaction_id


def _repeats(session: Session, event: TransactionEvent) -> bool:
    return session.state is SessionState.OPEN or is_replay(session, event)


def decide(state: PileState, case: Case) -> Outcome[TransactionReply]:
    """Return what a transaction message changes. Every message is answered; what belongs nowhere is kept as evidence."""
    state, case = _timed(state, case)
    event = case.event
    session = find(state, event) or case.facts.found
    if session is not None and _is_16_start(event):
        if _repeats(session, event):
            return Outcome(state, _reply(session, case))
        session = None
    if session is not None:
        return _continue(state, session, case)
    if event.kind is Kind.STARTED or (event.seq_no is not None and event.transaction_id):
        return _open(state, case)
    if event.kind is Kind.UPDATED and _is_without_transaction(event):
        return transaction_evidence.outside(state, case)
    return transaction_evidence.unknown(state, case)


def _timed(state: PileState, case: Case) -> tuple[PileState, Case]:
    live = None if case.event.offline else case.event.pile_at
    offset = pile_time.estimate(state.clock_offset_s, live, case.now)
    if offset != state.clock_offset_s:
        state = replace(state, clock_offset_s=offset)
    return state, replace(case, event=timed(case.event, case.now, offset))


def _open(state: PileState, case: Case) -> Outcome[TransactionReply]:
    session = session_fold.apply(opened(state, case), case.event, case.now, state.pile.max_power_w)
    return _arrived(state, None, session, case)


def _continue(state: PileState, session: Session, case: Case) -> Outcome[TransactionReply]:
    event, now, rating = case.event, case.now, state.pile.max_power_w
    if session_fold.is_repeated(session, event):
        return _repeated(state, session, session_fold.apply(session, event, now, rating), case)
    if session_fold.set_back(session, event, now, rating):
        case = replace(case, event=moved(event, now))
    elif not event.clock_right and Flag.MISSING_START not in session.flags:
        case = replace(case, event=not_before(event, session.started_at))
    after = adopted(session_fold.apply(session, case.event, now, rating), case)
    if after.evse_id == session.evse_id:
        return _finish(state, session, after, case)
    state, left = refresh_evse(replace(state, sessions=_others(state, after)), session.evse_id, now)
    return _arrived(state, session, after, case, left)


def _repeated(state: PileState, session: Session, after: Session, case: Case) -> Outcome[TransactionReply]:
    """Answer a message that is known already: it only shows that the session is alive."""
    if after is session:
        return Outcome(state, _reply(session, case))
    return Outcome(_with_session(state, session, after), _reply(after, case), (row_of(session, after),))


def _others(state: PileState, session: Session) -> tuple[Session, ...]:
    return tuple(other for other in state.sessions if other.id != session.id)


def _arrived(
    state: PileState, before: Session | None, session: Session, case: Case, rows: tuple[Any, ...] = ()
) -> Outcome[TransactionReply]:
    """Go on with a session that is new on its EVSE: the car before it is gone, and it may have a later one after it.

    What was stopped closes; what was never stopped is abandoned and can still be stopped late (quirk T10). A start that
    is older than what runs (an offline queue being replayed) takes its place before that.
    """
    for other in _others(state, session):
        if _same_place(other, session) and other.started_at <= session.started_at:
            after = _turned(state, other, Turn.NEXT_START, case)
            if after is not other:
                after = priced(state, after, case.now)
                state, rows = _with_session(state, other, after), (*rows, after)
    return _finish(state, before, _overtaken(state, session, case), case, rows)


def _same_place(one: Session, other: Session) -> bool:
    """Say whether two sessions are known to be on the same EVSE, where they can only follow each other."""
    return one.evse_id == other.evse_id != 0


def _overtaken(state: PileState, session: Session, case: Case) -> Session:
    later = (other for other in state.sessions if other.started_at > session.started_at)
    if any(_same_place(other, session) for other in later):
        return _turned(state, session, Turn.NEXT_START, case)
    return session


def _turned(state: PileState, session: Session, what: Turn, case: Case) -> Session:
    at = session.ended_at or case.now
    return turned(session, what, at, case.now, case.rules.settle_wait, state.connected_at)


def _finish(
    state: PileState,
    before: Session | None,
    session: Session,
    case: Case,
    rows: tuple[Any, ...] = (),
) -> Outcome[TransactionReply]:
    """Close what is over, price it, and gather state, rows, event and reply."""
    if session.state is SessionState.STOPPED and _car_gone(state, session):
        session = _turned(state, session, Turn.CAR_GONE, case)
    if _is_price_due(session, case):
        session = priced(state, session, case.now)
    if session.ended_at is not None or session.closed_at is not None:
        session = _to_settle(before, session, case)
    state, evse_rows = refresh_evse(_with_session(state, before, session), session.evse_id, case.now)
    rows = (
        *rows,
        row_of(before, session),
        entry(session.id, session.pile_id, case.event, case.now),
        *evse_rows,
    )
    return Outcome(state, _reply(session, case), rows, (changed(session, case.now),))


def changed(session: Session, now: datetime) -> Changed:
    """Return the live event that says that a session has changed."""
    return Changed(
        topic="session",
        at=now,
        station_id=session.station_id,
        pile_id=session.pile_id,
        evse_id=session.evse_id,
        session_id=session.id,
    )


def _reply(session: Session, case: Case) -> TransactionReply:
    known = session.ended_at is not None or session.cost_at == case.now
    cost: Decimal | None = session.cost if known else None
    return TransactionReply(session.id, session.transaction_id, case.facts.token_status, cost)


def _car_gone(state: PileState, session: Session) -> bool:
    if session.stop_reason == "EVDisconnected" or session.charging_state == session_fold.NOT_CONNECTED:
        return True
    evse = state.evses.get(session.evse_id)
    return evse is not None and evse.raw_status == "Available"


def _is_price_due(session: Session, case: Case) -> bool:
    if session.ended_at is not None or session.state is not SessionState.OPEN:
        return True
    return (
        session.energy_wh > 0 and case.now - (session.cost_at or session.started_at) >= case.rules.cost_every
    )


def _to_settle(before: Session | None, session: Session, case: Case) -> Session:
    """Return the session with the time at which the billing job looks at it: again, whenever what it bills has changed."""
    if before is not None and _billed_from(before) == _billed_from(session):
        return session
    settle_at = session_fold.settle_time(session, case.now, case.rules.settle_wait)
    return replace(session, settle_at=settle_at)


def _billed_from(session: Session) -> tuple[Any, ...]:
    return (
        session.state,
        session.started_at,
        session.ended_at,
        session.closed_at,
        session.energy_wh,
        session.readings,
        session.idle,
        session.seen,
        session.flags,
    )


def _with_session(state: PileState, before: Session | None, session: Session) -> PileState:
    if session.state is not SessionState.CLOSED:
        return replace(state, sessions=(*_others(state, session), session))
    state = replace(state, sessions=_others(state, session))
    already = before is not None and before.state is SessionState.CLOSED
    return state if already else remember(state, session)


def remember(state: PileState, session: Session) -> PileState:
    """Return the state with a closed session among the recent ones; what started first is forgotten first."""
    recent = RecentSession(
        session.id,
        session.transaction_id,
        session.started_pile_at or session.started_at,
        session.start_key,
        session.start_message_id,
        session.start_content,
    )
    known = sorted((recent, *state.recent), key=lambda one: one.started_at, reverse=True)
    complete = state.recent_complete and len(known) <= RECENT
    return replace(state, recent=tuple(known[:RECENT]), recent_complete=complete)


def expire(state: PileState, now: datetime, cap: timedelta, settle_wait: timedelta) -> Outcome[None]:
    """Close sessions that have been silent for longer than the cap (field problem 21: zombies)."""
    silent = [session for session in state.sessions if now - session.last_event_at > cap]
    rows: tuple[Any, ...] = ()
    events: tuple[Changed, ...] = ()
    for session in silent:
        closed = priced(state, turned(session, Turn.CAP, now, now, settle_wait, state.connected_at), now)
        state = _with_session(state, session, closed)
        state, evse_rows = refresh_evse(state, closed.evse_id, now)
        rows, events = (*rows, closed, *evse_rows), (*events, changed(closed, now))
    return Outcome(state, None, rows, events)
