"""Authorize (OCPP 1.6 §4.1)."""

from datetime import datetime

from forecourt.domain.outcome import PileState
from forecourt.domain.token import TokenRef, TokenStatus
from forecourt.gateway.handlers.answers import STATUS_16
from forecourt.gateway.handlers.inbound import Handled, Inbound
from forecourt.ocpp.codec import encode_payload
from forecourt.ocpp.v16 import AuthorizeRequest, AuthorizeResponse, IdTagInfo
from forecourt.services import authorization
from forecourt.services.context import Services


def handle(
    sv: Services, state: PileState, request: AuthorizeRequest, message: Inbound, now: datetime
) -> Handled:
    return authorization.authorize(sv, state, TokenRef(request.id_tag), now)


def respond(reply: TokenStatus, now: datetime) -> bytes:
    return encode_payload(AuthorizeResponse(id_tag_info=IdTagInfo(status=STATUS_16[reply])))
