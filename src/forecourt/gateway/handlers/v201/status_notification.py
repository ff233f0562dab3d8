"""StatusNotification (2.0.1 G01)."""

from datetime import datetime

from forecourt.domain.availability import StatusReport
from forecourt.domain.outcome import PileState
from forecourt.gateway.handlers.inbound import Handled, Inbound
from forecourt.ocpp.v201 import StatusNotificationRequest
from forecourt.services import availability
from forecourt.services.context import Services


def handle(
    sv: Services, state: PileState, request: StatusNotificationRequest, message: Inbound, now: datetime
) -> Handled:
    report = StatusReport(
        evse_id=request.evse_id,
        connector_id=request.connector_id,
        raw_status=request.connector_status,
        pile_at=request.timestamp,
    )
    return availability.status(sv, state, report, now)
