"""Heartbeat (OCPP 1.6 §4.6): our time."""

from datetime import datetime

from forecourt.domain.outcome import PileState
from forecourt.gateway.handlers.inbound import Handled, Inbound
from forecourt.ocpp.codec import encode_payload
from forecourt.ocpp.v16 import HeartbeatRequest, HeartbeatResponse
from forecourt.services import provisioning
from forecourt.services.context import Services


def handle(
    sv: Services, state: PileState, request: HeartbeatRequest, message: Inbound, now: datetime
) -> Handled:
    return provisioning.heartbeat(sv, state, now)


def respond(reply: None, now: datetime) -> bytes:
    return encode_payload(HeartbeatResponse(current_time=now))
