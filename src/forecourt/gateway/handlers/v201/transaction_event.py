"""TransactionEvent (2.0.1 block E)."""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType

from forecourt.domain.outcome import PileState
from forecourt.domain.token import TokenRef
from forecourt.domain.transaction_event import Kind, TransactionEvent, TransactionReply
from forecourt.gateway.handlers.answers import STATUS_201
from forecourt.gateway.handlers.inbound import Handled, Inbound, content_key
from forecourt.gateway.handlers.meter import values_201
from forecourt.ocpp.codec import encode_payload
from forecourt.ocpp.v201 import IdTokenInfo, TransactionEventRequest, TransactionEventResponse
from forecourt.services import transactions
from forecourt.services.context import Services

_KINDS: Mapping[str, Kind] = MappingProxyType(
    {"Started": Kind.STARTED, "Updated": Kind.UPDATED, "Ended": Kind.ENDED}
)


def handle(
    sv: Services, state: PileState, request: TransactionEventRequest, message: Inbound, now: datetime
) -> Handled:
    info, evse, token = request.transaction_info, request.evse, request.id_token
    event = TransactionEvent(
        action="TransactionEvent",
        kind=_KINDS[request.event_type],
        transaction_id=info.transaction_id,
        pile_at=request.timestamp,
        key=content_key(message.payload),
        message_id=message.id,
        raw=message.payload,
        evse_id=evse.id if evse else None,
        connector_id=evse.connector_id if evse else None,
        seq_no=request.seq_no,
        offline=bool(request.offline),
        trigger=request.trigger_reason,
        token=TokenRef(token.id_token, token.type) if token else None,
        values=values_201(request.meter_value),
        charging_state=info.charging_state or "",
        stop_reason=info.stopped_reason or "",
        remote_start_id=info.remote_start_id,
        reservation_id=request.reservation_id or None,  # quirk T08: 0 means none
        repairs=message.repairs,
    )
    return transactions.transaction_event(sv, state, event, now)


def respond(reply: TransactionReply, now: datetime) -> bytes:
    if reply.token_status is None and reply.total_cost is None:
        return b"{}"
    info = None if reply.token_status is None else IdTokenInfo(status=STATUS_201[reply.token_status])
    return encode_payload(TransactionEventResponse(total_cost=reply.total_cost, id_token_info=info))
