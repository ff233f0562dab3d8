"""StatusNotification (OCPP 1.6 §4.9). Connector n is our EVSE n; connector 0 is the pile itself."""

from datetime import datetime

from forecourt.domain.availability import StatusReport
from forecourt.domain.outcome import PileState
from forecourt.gateway.handlers.inbound import Handled, Inbound
from forecourt.ocpp.v16 import StatusNotificationRequest
from forecourt.services import availability
from forecourt.services.context import Services


def handle(
    sv: Services, state: PileState, request: StatusNotificationRequest, message: Inbound, now: datetime
) -> Handled:
    details = (request.info, request.vendor_id, request.vendor_error_code)
    report = StatusReport(
        evse_id=request.connector_id,
        raw_status=request.status,
        error_code="" if request.error_code == "NoError" else request.error_code,
        info=" ".join(detail for detail in details if detail),
        pile_at=request.timestamp,
    )
    return availability.status(sv, state, report, now)
