"""StartTransaction (OCPP 1.6 §4.8)."""

from datetime import datetime

from forecourt.domain.outcome import PileState
from forecourt.domain.token import TokenRef, TokenStatus
from forecourt.domain.transaction_event import Kind, TransactionEvent, TransactionReply
from forecourt.gateway.handlers.answers import STATUS_16
from forecourt.gateway.handlers.inbound import Handled, Inbound, content_key
from forecourt.gateway.handlers.meter import named_register
from forecourt.ocpp.codec import encode_payload
from forecourt.ocpp.v16 import IdTagInfo, StartTransactionRequest, StartTransactionResponse
from forecourt.services import transactions
from forecourt.services.context import Services


def handle(
    sv: Services, state: PileState, request: StartTransactionRequest, message: Inbound, now: datetime
) -> Handled:
    event = TransactionEvent(
        action="StartTransaction",
        kind=Kind.STARTED,
        transaction_id="",
        pile_at=request.timestamp,
        key=content_key(message.payload),
        message_id=message.id,
        raw=message.payload,
        evse_id=request.connector_id,
        connector_id=1,
        token=TokenRef(request.id_tag),
        register_wh=named_register(request.meter_start),
        reservation_id=request.reservation_id or None,  # quirk T08: 0 means none
        repairs=message.repairs,
    )
    return transactions.transaction_event(sv, state, event, now)


def respond(reply: TransactionReply, now: datetime) -> bytes:
    status = STATUS_16[reply.token_status or TokenStatus.UNKNOWN]
    return encode_payload(
        StartTransactionResponse(
            id_tag_info=IdTagInfo(status=status), transaction_id=int(reply.transaction_id)
        )
    )
