"""StatusNotification: what an EVSE can do now."""

from datetime import datetime

from forecourt.domain import availability
from forecourt.domain.availability import StatusReport
from forecourt.domain.outcome import Outcome, PileState
from forecourt.services.context import Services


def status(sv: Services, state: PileState, report: StatusReport, now: datetime) -> Outcome[None]:
    """Decide on a reported status."""
    return availability.decide(state, report, now, sv.rules.settle_wait)
