"""Operators, API tokens and the audit log."""

from datetime import timedelta
from typing import Annotated

import msgspec
from litestar import Response, delete, get, post, put
from litestar.params import JSONBody, PathParameter

from forecourt.api.inputs import AnyRequest, By, Cursor, Filter, Limit, Sv
from forecourt.api.pages import Page, paged, whole
from forecourt.api.problem import INVALID, FieldError, ProblemError, missing
from forecourt.api.schema.accounts import (
    ApiTokenBody,
    ApiTokenView,
    AuditView,
    MadeApiToken,
    MadeOperator,
    OperatorBody,
    OperatorView,
)
from forecourt.domain.records import ApiToken, AuditEntry, Operator
from forecourt.services import accounts


def _token(token: ApiToken) -> ApiTokenView:
    return msgspec.convert(token, ApiTokenView, from_attributes=True)


def _operator(operator: Operator) -> OperatorView:
    return msgspec.convert(operator, OperatorView, from_attributes=True)


def _entry(entry: AuditEntry) -> AuditView:
    return msgspec.convert(entry, AuditView, from_attributes=True)


@get("/api-tokens", tags=["Accounts"])
async def list_api_tokens(sv: Sv) -> Page[ApiTokenView]:
    """List the API tokens, without their secrets, the expired and revoked ones too."""
    return whole(await sv.store.api_tokens(), _token)


@post("/api-tokens", tags=["Accounts"], status_code=201)
async def create_api_token(sv: Sv, caller: By, data: JSONBody[ApiTokenBody]) -> MadeApiToken:
    """Make an API token. Its secret can be read this once only."""
    life = timedelta(days=data.days) if data.days is not None else None
    secret, row = await accounts.create_api_token(sv, data.name, data.role, caller.name, life)
    return MadeApiToken(secret=secret, **msgspec.structs.asdict(_token(row)))


@delete("/api-tokens/{token_id:str}", tags=["Accounts"], status_code=204)
async def revoke_api_token(
    sv: Sv, caller: By, token_id: Annotated[str, PathParameter(description="Id of the API token.")]
) -> None:
    """Revoke an API token: it is worthless from now on. The same again changes nothing."""
    token = next((row for row in await sv.store.api_tokens() if row.id == token_id), None)
    if token is None:
        raise missing("API token", token_id)
    if token.revoked_at is None:
        await accounts.revoke_api_token(sv, token, caller.name)


@get("/operators", tags=["Accounts"])
async def list_operators(sv: Sv) -> Page[OperatorView]:
    """List the people who sign in to the console."""
    return whole(await sv.store.operators(), _operator)


@put("/operators/{username:str}", tags=["Accounts"])
async def put_operator(
    sv: Sv,
    caller: By,
    username: Annotated[str, PathParameter(description="Name to sign in with.")],
    data: JSONBody[OperatorBody],
) -> MadeOperator:
    """Add a person who may sign in, or give one another role and a new password. A made password is shown this once."""
    if not 1 <= len(username) <= 64 or username != username.strip():
        problem = "1 to 64 characters, without blanks at the ends"
        raise ProblemError(INVALID, f"path.username: {problem}", [FieldError("path.username", problem)])
    made = await accounts.add_operator(sv, username, data.role, caller.name, data.password)
    return MadeOperator(username=username, role=data.role, password=None if data.password else made)


@get("/audit", tags=["Accounts"])
async def list_audit(
    sv: Sv,
    request: AnyRequest,
    subject: Annotated[str | None, Filter] = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Response[Page[AuditView]]:
    """List who did what, the newest first; with `subject` what was done to one thing, by its id."""
    return await paged(request, sv.store.audit_page(subject, cursor, limit), _entry)


HANDLERS = (
    list_api_tokens,
    create_api_token,
    revoke_api_token,
    list_operators,
    put_operator,
    list_audit,
)
