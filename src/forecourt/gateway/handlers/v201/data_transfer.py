"""DataTransfer (2.0.1 block P): kept as it came; no vendor's messages are known here."""

from datetime import datetime

from forecourt.domain.outcome import PileState
from forecourt.domain.records import DeviceEvent
from forecourt.gateway.handlers.inbound import Handled, Inbound, content_key
from forecourt.ocpp.codec import encode_payload
from forecourt.ocpp.v201 import DataTransferRequest, DataTransferResponse
from forecourt.services import device_model
from forecourt.services.context import Services


def handle(
    sv: Services, state: PileState, request: DataTransferRequest, message: Inbound, now: datetime
) -> Handled:
    event = DeviceEvent(
        pile_id=state.pile.id,
        key=content_key(message.payload),
        at=None,
        received_at=now,
        kind="DataTransfer",
        component=request.vendor_id,
        variable=request.message_id or "",
        payload=message.payload.decode("utf-8", "replace"),
    )
    return device_model.events(sv, state, (event,), now)


def respond(reply: None, now: datetime) -> bytes:
    return encode_payload(DataTransferResponse(status="UnknownVendorId"))
