"""Decisions about StatusNotification: what an EVSE can do now, and what that says of its sessions."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from types import MappingProxyType

import msgspec
from msgspec.structs import replace

from forecourt.domain import idle, pile_time
from forecourt.domain.billing import priced
from forecourt.domain.evses import charging_on
from forecourt.domain.outcome import Changed, Outcome, PileState
from forecourt.domain.pile import Evse, evse_status
from forecourt.domain.session import Flag, Session, SessionState, Turn
from forecourt.domain.session_fold import flagged, set_charging_state
from forecourt.domain.session_rows import row_of
from forecourt.domain.session_turns import turned
from forecourt.domain.transactions import changed, remember

# The most telling status of several plugs on one EVSE comes first.
_TELLING = (
    "Charging",
    "SuspendedEV",
    "SuspendedEVSE",
    "Finishing",
    "Preparing",
    "Occupied",
    "Reserved",
    "Available",
    "Unavailable",
    "Faulted",
)
# OCPP 1.6 §4.9: what tells whether the car charges, waits, or can't charge for a fault that is not the driver's.
_TOLD: Mapping[SessionState, frozenset[str]] = MappingProxyType(
    {
        SessionState.OPEN: frozenset({"Charging", "SuspendedEV", "SuspendedEVSE", "Finishing", "Faulted"}),
        SessionState.STOPPED: frozenset({"Finishing", "Faulted"}),
    }
)


class StatusReport(msgspec.Struct, frozen=True, kw_only=True):
    """What a pile reported of a connector, in the words of its version. ``evse_id`` 0: the pile itself (OCPP 1.6 §4.9)."""

    evse_id: int
    connector_id: int = 1
    raw_status: str
    error_code: str = ""
    info: str = ""
    pile_at: datetime | None = None


def decide(state: PileState, report: StatusReport, now: datetime, settle_wait: timedelta) -> Outcome[None]:
    """Return the new status of the EVSE and what follows for its sessions.

    Statuses apply in the order of arrival: a stamp from 1970 or from the future neither delays nor freezes anything
    (quirks S04, S06); the pile's stamp is kept beside ours.
    """
    state = replace(state, clock_offset_s=pile_time.estimate(state.clock_offset_s, report.pile_at, now))
    before = state.evses.get(report.evse_id)
    evse = _reported(state, before, report, now)
    state, changes = _sessions_after(state, before, evse, report, now, settle_wait)
    evse = _with_status(state, before, evse, now)
    state = replace(state, evses={**state.evses, report.evse_id: evse})
    event = Changed(
        topic="evse", at=now, station_id=state.pile.station_id, pile_id=state.pile.id, evse_id=report.evse_id
    )
    rows = (evse, *(row_of(old, new) for old, new in changes))
    return Outcome(state, None, rows, (event, *(changed(new, now) for _, new in changes)))


def _reported(state: PileState, before: Evse | None, report: StatusReport, now: datetime) -> Evse:
    known = before or Evse(pile_id=state.pile.id, evse_id=report.evse_id)
    connectors = {**known.connectors, report.connector_id: report.raw_status}
    return replace(
        known,
        raw_status=_most_telling(connectors),
        error_code=report.error_code,
        info=report.info,
        connectors=connectors,
        pile_at=report.pile_at,
        received_at=now,
    )


def _with_status(state: PileState, before: Evse | None, evse: Evse, now: datetime) -> Evse:
    status = evse_status(evse.raw_status, charging_on(state, evse.evse_id))
    unchanged = before is not None and (status, evse.raw_status) == (before.status, before.raw_status)
    return replace(evse, status=status, since=evse.since if unchanged else now)


def _most_telling(connectors: dict[int, str]) -> str:
    found = set(connectors.values())
    return next((status for status in _TELLING if status in found), next(iter(connectors.values())))


def _sessions_after(
    state: PileState,
    before: Evse | None,
    evse: Evse,
    report: StatusReport,
    now: datetime,
    settle_wait: timedelta,
) -> tuple[PileState, list[tuple[Session, Session]]]:
    """Return what a report says of the sessions on its EVSE; one of the pile itself (EVSE 0) says nothing of them."""
    changes = []
    for session in state.sessions if evse.evse_id else ():
        if session.evse_id != evse.evse_id:
            continue
        earliest = _earliest(state, report, now)
        after = _session_after(session, evse.raw_status, report.raw_status, earliest, now)
        if evse.raw_status == "Available" and session.state is SessionState.STOPPED:
            after = turned(session, Turn.CAR_GONE, earliest, now, settle_wait, _watched_since(state, before))
            after = priced(state, after, now)
        if after is not session:
            changes.append((session, after))
            state = _with_session(state, after)
    return state, changes


def _session_after(
    session: Session, evse_status: str, raw_status: str, earliest: datetime, now: datetime
) -> Session:
    if session.state is SessionState.OPEN and evse_status == "Available":
        return flagged(session, Flag.AVAILABLE_WHILE_OPEN)
    if session.state is SessionState.OPEN and session.start_key == 0:
        return session  # 2.x: its own events say it
    if raw_status in _TOLD.get(session.state, ()):
        at = now if raw_status in idle.BY_THE_CAR else earliest
        return set_charging_state(session, raw_status, at)
    return session


def _earliest(state: PileState, report: StatusReport, now: datetime) -> datetime:
    """Return the earlier of two clocks: idle time costs, so in doubt it begins by ours and ends by this."""
    at, _ = pile_time.effective_time(report.pile_at, now, state.clock_offset_s)
    return min(at, now)


def _watched_since(state: PileState, before: Evse | None) -> datetime | None:
    """Return since when the pile was connected, or None if it said on this connection that the car was still there."""
    connected_at = state.connected_at
    if before is None or before.received_at is None or connected_at is None:
        return connected_at
    seen = before.received_at >= connected_at and before.raw_status != "Available"
    return None if seen else connected_at


def _with_session(state: PileState, session: Session) -> PileState:
    others = tuple(other for other in state.sessions if other.id != session.id)
    if session.state is SessionState.CLOSED:
        return remember(replace(state, sessions=others), session)
    return replace(state, sessions=(*others, session))
