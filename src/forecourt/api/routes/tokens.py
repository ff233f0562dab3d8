"""Tokens: what identifies drivers and cars."""

from typing import Annotated

import msgspec
from litestar import Response, get, put
from litestar.params import JSONBody, PathParameter

from forecourt.api.inputs import AnyRequest, By, Cursor, Limit, Sv, same_id
from forecourt.api.pages import Page, paged
from forecourt.api.problem import missing
from forecourt.api.schema.network import TokenBody, TokenView
from forecourt.domain.token import Token, fold_uid
from forecourt.services import network

Uid = Annotated[str, PathParameter(description="Uid of the token; case does not matter.")]


def _view(token: Token) -> TokenView:
    return msgspec.convert(token, TokenView, from_attributes=True)


@get("/tokens", tags=["Tokens"])
async def list_tokens(
    sv: Sv, request: AnyRequest, limit: Limit = 100, cursor: Cursor = None
) -> Response[Page[TokenView]]:
    """List the tokens, by uid."""
    return await paged(request, sv.store.tokens(cursor, limit), _view)


@get("/tokens/{uid:str}", tags=["Tokens"])
async def get_token(sv: Sv, uid: Uid) -> TokenView:
    """Show a token."""
    token = await sv.store.token(uid)
    if token is None:
        raise missing("token", uid)
    return _view(token)


@put("/tokens/{uid:str}", tags=["Tokens"])
async def put_token(sv: Sv, caller: By, uid: Uid, data: JSONBody[TokenBody]) -> TokenView:
    """Add a token, or replace what is known of it. The same again changes nothing."""
    same_id(fold_uid(uid), fold_uid(data.uid) if data.uid is not None else None, "uid")
    known = await sv.store.token(uid)
    values = msgspec.structs.asdict(data) | {"uid": uid, "created_at": known.created_at if known else None}
    return _view(await network.put_token(sv, msgspec.convert(values, Token), caller.name))


HANDLERS = (list_tokens, get_token, put_token)
