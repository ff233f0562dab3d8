"""A session's own facts: what the message says that opens it, and what later ones add (2.0.1 tells some things once)."""

from typing import Any

from msgspec.structs import replace

from forecourt.domain import session_fold
from forecourt.domain.outcome import PileState
from forecourt.domain.session import Flag, Session
from forecourt.domain.tariff import in_force
from forecourt.domain.token import TokenStatus
from forecourt.domain.transaction_case import Case, start_key
from forecourt.domain.transaction_event import Kind, TransactionEvent

_UNKNOWN_EVSE = 0
_NO_START = frozenset({Flag.MISSING_START})


def opened(state: PileState, case: Case) -> Session:
    """Return a new session; from a 2.x message other than Started too, whose Started is late or lost (field problem 5)."""
    event, facts = case.event, case.facts
    tariff = state.tariff if state.tariff is not None and in_force(state.tariff, event.at) else None
    session = Session(
        id=facts.session_id,
        pile_id=state.pile.id,
        station_id=state.pile.station_id,
        evse_id=event.evse_id or _only_evse(state),
        connector_id=event.connector_id or 1,
        transaction_id=event.transaction_id or str(facts.transaction_id),
        token_uid=event.token.uid if event.token else "",
        token_type=event.token.type if event.token else "",
        started_at=event.at,
        started_pile_at=event.pile_at,
        started_received_at=case.now,
        last_event_at=case.now,
        tariff_version=state.tariff_version if tariff else "",
        currency=tariff.currency if tariff else state.station.currency,
        remote_start_id=event.remote_start_id,
        reservation_id=event.reservation_id,
        start_key=0 if event.transaction_id else start_key(event),
        start_message_id=event.message_id,
        start_content=event.key,
        clock_offset_s=state.clock_offset_s,
        flags=() if event.kind is Kind.STARTED else (Flag.MISSING_START,),
    )
    return session_fold.flagged(session, *_odd(case))


def _only_evse(state: PileState) -> int:
    """Return the EVSE that a message without one must mean, or 0: not known yet (E01.FR.16: told when the car is plugged in)."""
    reported = [evse_id for evse_id, evse in state.evses.items() if evse_id and evse.raw_status]
    return reported[0] if len(reported) == 1 else _UNKNOWN_EVSE


def _odd(case: Case) -> list[Flag]:
    event, status = case.event, case.facts.token_status
    odd = (
        (
            Flag.TOKEN_NOT_ACCEPTED,
            event.kind is not Kind.ENDED and status not in (None, TokenStatus.ACCEPTED),
        ),
        (Flag.STARTED_OFFLINE, event.kind is Kind.STARTED and event.offline),
    )
    return [flag for flag, holds in odd if holds]


def adopted(session: Session, case: Case) -> Session:
    """Return the session with what a message of it, already applied, adds to its facts."""
    event = case.event
    if event.kind is Kind.STARTED and Flag.MISSING_START in session.flags:
        session = _with_start(session, event)
    changes = _told(session, event)
    if event.token is None and event.kind is not Kind.STARTED:
        return replace(session, **changes) if changes else session
    return session_fold.flagged(replace(session, **changes), *_odd(case))


def _with_start(session: Session, event: TransactionEvent) -> Session:
    """Return the session with the hole filled that a late Started had left; whose session it is, the Started knows best."""
    session = replace(session, started_pile_at=event.pile_at, start_message_id=event.message_id)
    if event.token is not None:
        session = replace(session, token_uid="", token_type="")
    return session_fold.unflagged(session, _NO_START)


def _told(session: Session, event: TransactionEvent) -> dict[str, Any]:
    changes: dict[str, Any] = {}
    if event.token is not None and not session.token_uid:
        changes.update(token_uid=event.token.uid, token_type=event.token.type)
    # A 1.6 pile names the connector in each message, and some name a wrong one: there only the start's counts.
    if event.evse_id and event.evse_id != session.evse_id and session.start_key == 0:
        changes.update(evse_id=event.evse_id, connector_id=event.connector_id or 1)
    if event.remote_start_id is not None and session.remote_start_id is None:
        changes["remote_start_id"] = event.remote_start_id
    if event.reservation_id is not None and session.reservation_id is None:
        changes["reservation_id"] = event.reservation_id
    return changes
