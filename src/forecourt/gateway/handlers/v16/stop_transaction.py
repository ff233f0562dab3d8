"""StopTransaction (OCPP 1.6 §4.10)."""

from datetime import datetime

from forecourt.domain.outcome import PileState
from forecourt.domain.token import TokenRef
from forecourt.domain.transaction_event import Kind, TransactionEvent, TransactionReply
from forecourt.gateway.handlers.answers import STATUS_16
from forecourt.gateway.handlers.inbound import Handled, Inbound, content_key
from forecourt.gateway.handlers.meter import named_register, values_16
from forecourt.ocpp.codec import encode_payload
from forecourt.ocpp.v16 import IdTagInfo, StopTransactionRequest, StopTransactionResponse
from forecourt.services import transactions
from forecourt.services.context import Services


def handle(
    sv: Services, state: PileState, request: StopTransactionRequest, message: Inbound, now: datetime
) -> Handled:
    event = TransactionEvent(
        action="StopTransaction",
        kind=Kind.ENDED,
        transaction_id=str(request.transaction_id),
        pile_at=request.timestamp,
        key=content_key(message.payload),
        message_id=message.id,
        raw=message.payload,
        token=TokenRef(request.id_tag) if request.id_tag else None,
        values=values_16(request.transaction_data or ()),
        register_wh=named_register(request.meter_stop),
        stop_reason=request.reason or "Local",  # §7.37: "Local" is assumed where none is given
        repairs=message.repairs,
    )
    return transactions.transaction_event(sv, state, event, now)


def respond(reply: TransactionReply, now: datetime) -> bytes:
    if reply.token_status is None:
        return b"{}"
    return encode_payload(
        StopTransactionResponse(id_tag_info=IdTagInfo(status=STATUS_16[reply.token_status]))
    )
