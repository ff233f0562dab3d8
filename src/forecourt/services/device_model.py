"""What a pile reports of its settings and components, stored as it came."""

from datetime import datetime

from forecourt.domain.outcome import Changed, Outcome, PileState
from forecourt.domain.records import DeviceEvent, PileVariable
from forecourt.services.context import Services


def variables(sv: Services, state: PileState, rows: tuple[PileVariable, ...], now: datetime) -> Outcome[None]:
    """Keep reported settings; the newest value of each wins."""
    return Outcome(state, None, rows, (_changed(state, now),))


def events(sv: Services, state: PileState, rows: tuple[DeviceEvent, ...], now: datetime) -> Outcome[None]:
    """Keep events of the device, and vendors' own messages."""
    return Outcome(state, None, rows, (_changed(state, now),))


def _changed(state: PileState, now: datetime) -> Changed:
    return Changed(topic="pile", at=now, station_id=state.pile.station_id, pile_id=state.pile.id)
