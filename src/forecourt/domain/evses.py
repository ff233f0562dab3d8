"""The EVSEs of a pile as its sessions and its reports say."""

from datetime import datetime

from msgspec.structs import replace

from forecourt.domain.outcome import PileState
from forecourt.domain.pile import Evse, evse_status
from forecourt.domain.session import SessionState


def charging_on(state: PileState, evse_id: int) -> bool:
    """Say whether a session is open on an EVSE."""
    return any(s.evse_id == evse_id and s.state is SessionState.OPEN for s in state.sessions)


def refresh_evse(state: PileState, evse_id: int, now: datetime) -> tuple[PileState, tuple[Evse, ...]]:
    """Return the state with the EVSE's status as its sessions now say, and the row to write if it changed.

    ``evse_id`` 0: the session's EVSE is not known.
    """
    if not evse_id:
        return state, ()
    evse = state.evses.get(evse_id) or Evse(pile_id=state.pile.id, evse_id=evse_id)
    status = evse_status(evse.raw_status, charging_on(state, evse_id))
    if status == evse.status and evse_id in state.evses:
        return state, ()
    evse = replace(evse, status=status, since=now)
    return replace(state, evses={**state.evses, evse_id: evse}), (evse,)
