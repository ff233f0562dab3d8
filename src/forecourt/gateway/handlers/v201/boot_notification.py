"""BootNotification (2.0.1 B01 to B03)."""

from datetime import datetime

from forecourt.domain.outcome import PileState
from forecourt.domain.provisioning import BootReply, BootReport
from forecourt.gateway.handlers.answers import REGISTRATION
from forecourt.gateway.handlers.inbound import Handled, Inbound
from forecourt.ocpp.codec import encode_payload
from forecourt.ocpp.v201 import BootNotificationRequest, BootNotificationResponse
from forecourt.services import provisioning
from forecourt.services.context import Services


def handle(
    sv: Services, state: PileState, request: BootNotificationRequest, message: Inbound, now: datetime
) -> Handled:
    device = request.charging_station
    report = BootReport(
        vendor=device.vendor_name,
        model=device.model,
        serial=device.serial_number or "",
        firmware=device.firmware_version or "",
        reason=request.reason,
    )
    return provisioning.boot(sv, state, report, now)


def respond(reply: BootReply, now: datetime) -> bytes:
    status = REGISTRATION[reply.status]
    return encode_payload(
        BootNotificationResponse(status=status, current_time=now, interval=reply.interval_s)
    )
