"""BootNotification (OCPP 1.6 §4.2)."""

from datetime import datetime

from forecourt.domain.outcome import PileState
from forecourt.domain.provisioning import BootReply, BootReport
from forecourt.gateway.handlers.answers import REGISTRATION
from forecourt.gateway.handlers.inbound import Handled, Inbound
from forecourt.ocpp.codec import encode_payload
from forecourt.ocpp.v16 import BootNotificationRequest, BootNotificationResponse
from forecourt.services import provisioning
from forecourt.services.context import Services


def handle(
    sv: Services, state: PileState, request: BootNotificationRequest, message: Inbound, now: datetime
) -> Handled:
    report = BootReport(
        vendor=request.charge_point_vendor,
        model=request.charge_point_model,
        serial=request.charge_point_serial_number or request.charge_box_serial_number or "",
        firmware=request.firmware_version or "",
    )
    return provisioning.boot(sv, state, report, now)


def respond(reply: BootReply, now: datetime) -> bytes:
    status = REGISTRATION[reply.status]
    return encode_payload(
        BootNotificationResponse(status=status, current_time=now, interval=reply.interval_s)
    )
