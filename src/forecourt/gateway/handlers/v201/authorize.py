"""Authorize (2.0.1 block C). The token decides; a contract certificate sent along is not verified here."""

from datetime import datetime

from forecourt.domain.outcome import PileState
from forecourt.domain.token import TokenRef, TokenStatus
from forecourt.gateway.handlers.answers import STATUS_201
from forecourt.gateway.handlers.inbound import Handled, Inbound
from forecourt.ocpp.codec import encode_payload
from forecourt.ocpp.v201 import AuthorizeRequest, AuthorizeResponse, IdTokenInfo
from forecourt.services import authorization
from forecourt.services.context import Services


def handle(
    sv: Services, state: PileState, request: AuthorizeRequest, message: Inbound, now: datetime
) -> Handled:
    token = TokenRef(request.id_token.id_token, request.id_token.type)
    return authorization.authorize(sv, state, token, now)


def respond(reply: TokenStatus, now: datetime) -> bytes:
    return encode_payload(AuthorizeResponse(id_token_info=IdTokenInfo(status=STATUS_201[reply])))
