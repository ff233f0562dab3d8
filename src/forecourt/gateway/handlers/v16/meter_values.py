"""MeterValues (OCPP 1.6 §4.7)."""

from datetime import datetime

from forecourt.domain.outcome import PileState
from forecourt.domain.transaction_event import Kind, TransactionEvent
from forecourt.gateway.handlers.inbound import Handled, Inbound, content_key
from forecourt.gateway.handlers.meter import values_16
from forecourt.ocpp.v16 import MeterValuesRequest
from forecourt.services import transactions
from forecourt.services.context import Services


def handle(
    sv: Services, state: PileState, request: MeterValuesRequest, message: Inbound, now: datetime
) -> Handled:
    values = values_16(request.meter_value)
    event = TransactionEvent(
        action="MeterValues",
        kind=Kind.UPDATED,
        transaction_id="" if request.transaction_id is None else str(request.transaction_id),
        pile_at=values[0].at if values else None,
        key=content_key(message.payload),
        message_id=message.id,
        raw=message.payload,
        evse_id=request.connector_id,
        connector_id=1,
        values=values,
        repairs=message.repairs,
    )
    return transactions.transaction_event(sv, state, event, now)
