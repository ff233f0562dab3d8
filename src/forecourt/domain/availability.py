"""Decisions about StatusNotification: what an EVSE can do now, and what that says of its sessions."""

from datetime import datetime, timedelta

import msgspec
from msgspec.structs import replace

from forecourt.domain import pile_time
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
_CHARGING_STATES = frozenset({"Charging", "SuspendedEV", "SuspendedEVSE", "Finishing"})


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
    state, sessions = _sessions_after(state, report, now, settle_wait)
    before = state.evses.get(report.evse_id)
    evse = _evse_after(state, before, report, now)
    state = replace(state, evses={**state.evses, report.evse_id: evse})
    event = Changed(
        topic="evse", at=now, station_id=state.pile.station_id, pile_id=state.pile.id, evse_id=report.evse_id
    )
    rows = (evse, *(row_of(old, new) for old, new in sessions))
    return Outcome(state, None, rows, (event, *(changed(new, now) for _, new in sessions)))


def _evse_after(state: PileState, before: Evse | None, report: StatusReport, now: datetime) -> Evse:
    known = before or Evse(pile_id=state.pile.id, evse_id=report.evse_id)
    connectors = {**known.connectors, report.connector_id: report.raw_status}
    telling = _most_telling(connectors)
    status = evse_status(telling, charging_on(state, report.evse_id))
    unchanged = before is not None and status == before.status and telling == before.raw_status
    return replace(
        known,
        status=status,
        raw_status=telling,
        error_code=report.error_code,
        info=report.info,
        connectors=connectors,
        since=known.since if unchanged else now,
        pile_at=report.pile_at,
        received_at=now,
    )


def _most_telling(connectors: dict[int, str]) -> str:
    found = set(connectors.values())
    return next((status for status in _TELLING if status in found), next(iter(connectors.values())))


def _sessions_after(
    state: PileState, report: StatusReport, now: datetime, settle_wait: timedelta
) -> tuple[PileState, list[tuple[Session, Session]]]:
    pairs = [
        (session, _session_after(session, report, now, settle_wait))
        for session in state.sessions
        if session.evse_id == report.evse_id and session.connector_id == report.connector_id
    ]
    pairs = [(old, new) for old, new in pairs if new is not old]
    for old, new in pairs:
        others = tuple(s for s in state.sessions if s.id != old.id)
        if new.state is SessionState.CLOSED:
            state = remember(replace(state, sessions=others), new)
        else:
            state = replace(state, sessions=(*others, new))
    return state, pairs


def _session_after(session: Session, report: StatusReport, now: datetime, settle_wait: timedelta) -> Session:
    if report.raw_status == "Available":
        if session.state is SessionState.OPEN:
            return flagged(session, Flag.AVAILABLE_WHILE_OPEN)
        return turned(session, Turn.CAR_GONE, now, now, settle_wait)
    if session.state is SessionState.OPEN and report.raw_status in _CHARGING_STATES:
        return set_charging_state(session, report.raw_status, now)
    return session
