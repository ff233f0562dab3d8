"""Decisions about transaction messages: DESIGN §3, "What must hold"."""

import hashlib
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec
from msgspec.structs import replace

from forecourt.domain import pile_time, session_fold
from forecourt.domain.billing import live_cost
from forecourt.domain.evses import refresh_evse
from forecourt.domain.meter import POWER, REGISTER, value_of
from forecourt.domain.outcome import Changed, Outcome, PileState
from forecourt.domain.session import (
    EvseReading,
    Flag,
    RecentSession,
    RejectedMessage,
    Session,
    SessionState,
    Turn,
)
from forecourt.domain.session_rows import entry, row_of
from forecourt.domain.session_turns import turned
from forecourt.domain.token import TokenStatus
from forecourt.domain.transaction_event import Kind, TransactionEvent, TransactionReply, timed

RECENT = 16
_NO_TRANSACTION = frozenset({"", "0", "-1"})


class Rules(msgspec.Struct, frozen=True):
    """The settings that session decisions depend on.

    ``settle_wait``: how long an ended session waits for missing events, or for the car to go, before its CDR is issued.
    ``cost_every``: how often the cost of a running session is computed anew.
    """

    settle_wait: timedelta = timedelta(hours=24)
    cost_every: timedelta = timedelta(seconds=60)


class Facts(msgspec.Struct, frozen=True):
    """What was looked up before the decision: the token's status, a session found in the database, ids to use if needed."""

    token_status: TokenStatus | None = None
    found: Session | None = None
    session_id: int = 0
    transaction_id: int = 0


class Case(msgspec.Struct, frozen=True):
    """One message to decide on, with what was looked up for it."""

    event: TransactionEvent
    facts: Facts
    now: datetime
    rules: Rules


def start_key(event: TransactionEvent) -> int:
    """Return the key by which a replayed 1.6 start is known: connector, token, start time, start meter (DESIGN §3)."""
    uid = event.token.uid if event.token else ""
    text = f"{event.evse_id}|{uid}|{event.pile_at}|{event.register_wh}"
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big", signed=True)


def find(state: PileState, event: TransactionEvent) -> Session | None:
    """Return the session in memory that a message belongs to."""
    if event.transaction_id:
        return next((s for s in state.sessions if s.transaction_id == event.transaction_id), None)
    if event.kind is Kind.STARTED:
        key = start_key(event)
        return next((s for s in state.sessions if s.start_key == key), None)
    # OCPP 1.6 MeterValues without transactionId: the reading belongs to what runs on that connector, if anything does.
    return next((s for s in state.sessions if _runs_on(s, event.evse_id)), None)


def _runs_on(session: Session, evse_id: int | None) -> bool:
    return session.evse_id == evse_id and session.state is SessionState.OPEN


def must_look_up(state: PileState, event: TransactionEvent) -> bool:
    """Say whether the database has to be asked for a closed session before the decision."""
    if find(state, event) is not None:
        return False
    if event.kind is not Kind.STARTED:
        return event.transaction_id not in _NO_TRANSACTION
    if _replays_recent(state, event):
        return True
    known_since = state.recent[-1].started_at if state.recent else None
    fresh = known_since is not None and event.pile_at is not None and event.pile_at > known_since
    return not (state.recent_complete or fresh)


def _replays_recent(state: PileState, event: TransactionEvent) -> bool:
    if event.transaction_id:
        return any(recent.transaction_id == event.transaction_id for recent in state.recent)
    key = start_key(event)
    return any(recent.start_key == key for recent in state.recent)


def is_replay(session: Session, event: TransactionEvent) -> bool:
    """Say whether a 1.6 start with the key of an ended session is that start again, or only alike (a clock without date)."""
    return event.message_id == session.start_message_id or event.key == session.start_content


def decide(state: PileState, case: Case) -> Outcome[TransactionReply]:
    """Return what a transaction message changes. Every message is answered; what belongs nowhere is kept as evidence."""
    state, case = _timed(state, case)
    event = case.event
    session = find(state, event) or case.facts.found
    if session is not None and event.kind is Kind.STARTED and not event.transaction_id:
        if session.state is SessionState.OPEN or is_replay(session, event):
            return Outcome(state, _reply(session, case))
        session = None
    if session is not None:
        return _continue(state, session, case)
    if event.kind is Kind.STARTED or (event.seq_no is not None and event.transaction_id):
        return _open(state, case)
    if event.kind is Kind.UPDATED and not event.transaction_id:
        return _outside(state, case)
    return _evidence(state, case)


def _timed(state: PileState, case: Case) -> tuple[PileState, Case]:
    live = None if case.event.offline else case.event.pile_at
    offset = pile_time.estimate(state.clock_offset_s, live, case.now)
    if offset != state.clock_offset_s:
        state = replace(state, clock_offset_s=offset)
    return state, replace(case, event=timed(case.event, case.now, offset))


def _open(state: PileState, case: Case) -> Outcome[TransactionReply]:
    """Open a session; from a 2.0.1 message other than Started too, whose Started is late or lost (field problem 5)."""
    event, now = case.event, case.now
    evse_id = event.evse_id or 1
    session = Session(
        id=case.facts.session_id,
        pile_id=state.pile.id,
        station_id=state.pile.station_id,
        evse_id=evse_id,
        connector_id=event.connector_id or 1,
        transaction_id=event.transaction_id or str(case.facts.transaction_id),
        token_uid=event.token.uid if event.token else "",
        token_type=event.token.type if event.token else "",
        started_at=event.at,
        started_pile_at=event.pile_at,
        started_received_at=now,
        last_event_at=now,
        tariff_version=state.tariff_version,
        currency=state.tariff.currency if state.tariff else state.station.currency,
        remote_start_id=event.remote_start_id,
        reservation_id=event.reservation_id,
        start_key=0 if event.transaction_id else start_key(event),
        start_message_id=event.message_id,
        start_content=event.key,
        clock_offset_s=state.clock_offset_s,
        flags=_first_flags(case),
    )
    others, replaced = _replace_former(state.sessions, evse_id, case)
    session = session_fold.apply(session, event, now, state.pile.max_power_w)
    return _finish(replace(state, sessions=others), None, session, case, replaced)


def _first_flags(case: Case) -> tuple[str, ...]:
    odd = (
        (Flag.TOKEN_NOT_ACCEPTED, case.facts.token_status not in (None, TokenStatus.ACCEPTED)),
        (Flag.MISSING_START, case.event.kind is not Kind.STARTED),
        (Flag.STARTED_OFFLINE, case.event.offline),
        (Flag.PILE_CLOCK_WRONG, not case.event.clock_right),
    )
    return tuple(flag for flag, holds in odd if holds)


def _replace_former(
    sessions: tuple[Session, ...], evse_id: int, case: Case
) -> tuple[tuple[Session, ...], tuple[Session, ...]]:
    """Return the sessions that stay, and those that changed, now that another one starts on the EVSE.

    The former car is gone: what was stopped closes, what was never stopped is abandoned and can still be stopped late
    (quirk T10). A session that began after this start (an offline queue being replayed) is left as it is.
    """
    kept: list[Session] = []
    changed: list[Session] = []
    for session in sessions:
        after = session
        if session.evse_id == evse_id and session.started_at <= case.event.at:
            after = turned(session, Turn.NEXT_START, case.event.at, case.now, case.rules.settle_wait)
        if after is not session:
            changed.append(after)
        if after.state is not SessionState.CLOSED:
            kept.append(after)
    return tuple(kept), tuple(changed)


def _continue(state: PileState, session: Session, case: Case) -> Outcome[TransactionReply]:
    event = case.event
    after = session_fold.apply(session, event, case.now, state.pile.max_power_w)
    if event.kind is Kind.STARTED and Flag.MISSING_START in session.flags:
        after = _with_start(after, event)
    if event.token is not None and not after.token_uid:
        after = replace(after, token_uid=event.token.uid, token_type=event.token.type)
    return _finish(state, session, after, case)


def _with_start(session: Session, event: TransactionEvent) -> Session:
    """Return the session with the hole filled that a late Started had left."""
    return replace(
        session,
        flags=tuple(flag for flag in session.flags if flag != Flag.MISSING_START),
        started_at=min(event.at, session.started_at),
        started_pile_at=event.pile_at,
    )


def _finish(
    state: PileState,
    before: Session | None,
    session: Session,
    case: Case,
    replaced: tuple[Session, ...] = (),
) -> Outcome[TransactionReply]:
    """Close what is over, price it, and gather state, rows, event and reply."""
    session = _closed_if_car_gone(state, session, case)
    session = _priced(state, session, case)
    session = _to_settle(before, session, case)
    state, evse_rows = refresh_evse(_with_session(state, before, session), session.evse_id, case.now)
    rows = (
        *replaced,
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


def _closed_if_car_gone(state: PileState, session: Session, case: Case) -> Session:
    evse = state.evses.get(session.evse_id)
    if session.state is not SessionState.STOPPED or evse is None or evse.raw_status != "Available":
        return session
    return turned(session, Turn.CAR_GONE, session.ended_at or case.now, case.now, case.rules.settle_wait)


def _priced(state: PileState, session: Session, case: Case) -> Session:
    if state.tariff is None:
        return session
    due = case.now - (session.cost_at or session.started_at) >= case.rules.cost_every
    if session.ended_at is None and (not due or session.energy_wh == 0):
        return session
    zone, rating = state.station.time_zone, state.pile.max_power_w
    cost = live_cost(state.tariff, session, zone, rating, case.now)
    return replace(session, cost=cost, cost_at=case.now)


def _to_settle(before: Session | None, session: Session, case: Case) -> Session:
    """Return the session with the time at which the billing job looks at it: again, whenever what it bills has changed."""
    over = session.ended_at is not None or session.closed_at is not None
    if not over or (before is not None and _billed_from(before) == _billed_from(session)):
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
    others = tuple(s for s in state.sessions if s.id != session.id)
    if session.state is not SessionState.CLOSED:
        return replace(state, sessions=(*others, session))
    state = replace(state, sessions=others)
    already = before is not None and before.state is SessionState.CLOSED
    return state if already else remember(state, session)


def remember(state: PileState, session: Session) -> PileState:
    """Return the state with a closed session among the recent ones."""
    recent = RecentSession(
        session.id,
        session.transaction_id,
        session.started_pile_at or session.started_at,
        session.start_key,
        session.start_message_id,
        session.start_content,
    )
    kept = (recent, *state.recent)[:RECENT]
    complete = state.recent_complete and len(state.recent) < RECENT
    return replace(state, recent=kept, recent_complete=complete)


def _outside(state: PileState, case: Case) -> Outcome[TransactionReply]:
    """Meter values outside of any session: kept, and the newest reading of the EVSE."""
    event = case.event
    row = entry(0, state.pile.id, event, case.now)
    power, register = value_of(event.values, POWER), value_of(event.values, REGISTER)
    reading = EvseReading(
        pile_id=state.pile.id,
        evse_id=event.evse_id or 0,
        at=event.at,
        power_w=None if power is None else round(power),
        register_wh=None if register is None else round(register),
        data=row.data,
    )
    return Outcome(state, TransactionReply(), (row, reading))


def _evidence(state: PileState, case: Case) -> Outcome[TransactionReply]:
    """A message for a transaction that we never opened, 0 or -1: acknowledged and kept (field problem 4)."""
    event = case.event
    rejected = RejectedMessage(
        pile_id=state.pile.id,
        key=event.key,
        received_at=case.now,
        action=event.action,
        message_id=event.message_id,
        reason="unknown_transaction",
        payload=event.raw.decode("utf-8", "replace"),
    )
    status = case.facts.token_status
    return Outcome(state, TransactionReply(token_status=status), (rejected,))
