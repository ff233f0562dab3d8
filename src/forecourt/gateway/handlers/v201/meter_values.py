"""MeterValues (2.0.1 J01): readings outside of a transaction."""

from datetime import datetime

from forecourt.domain.outcome import PileState
from forecourt.domain.transaction_event import Kind, TransactionEvent
from forecourt.gateway.handlers.inbound import Handled, Inbound, content_key
from forecourt.gateway.handlers.meter import values_201
from forecourt.ocpp.v201 import MeterValuesRequest
from forecourt.services import transactions
from forecourt.services.context import Services


def handle(
    sv: Services, state: PileState, request: MeterValuesRequest, message: Inbound, now: datetime
) -> Handled:
    values = values_201(request.meter_value)
    event = TransactionEvent(
        action="MeterValues",
        kind=Kind.UPDATED,
        transaction_id="",
        pile_at=values[0].at if values else None,
        key=content_key(message.payload),
        message_id=message.id,
        raw=message.payload,
        evse_id=request.evse_id,
        values=values,
        repairs=message.repairs,
    )
    return transactions.transaction_event(sv, state, event, now)
