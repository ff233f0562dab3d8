"""Sessions: what was charged, what was measured, what it costs and why."""

from typing import Annotated, Any, Literal, NamedTuple

import msgspec
import structlog
from litestar import Response, get, post
from litestar.params import QueryParameter

from forecourt.api.auth import Caller
from forecourt.api.inputs import AnyRequest, By, Cursor, Filter, Limit, SessionId, Since, Sv, Until, aware
from forecourt.api.masking import uid_for
from forecourt.api.pages import Page, paged, whole
from forecourt.api.problem import CONFLICT, FORBIDDEN, ProblemError, missing
from forecourt.api.schema.charging import MeterPointView, SessionDetail, SessionView
from forecourt.domain.billing import usage_of
from forecourt.domain.price import Price, price
from forecourt.domain.price_text import explain
from forecourt.domain.records import Role
from forecourt.domain.session import Session
from forecourt.services import billing
from forecourt.services.context import Services
from forecourt.store.meter_read import MeterPoint
from forecourt.store.reads.sessions import SessionFilter

log = structlog.get_logger(__name__)

# A parameter of the name `state` would be Litestar's own.
State = Annotated[
    Literal["open", "closed", "problem"] | None,
    QueryParameter(
        name="state", description="open until the car has gone, closed after that, problem: with any flag."
    ),
]


async def known(sv: Services, session_id: int) -> Session:
    """Return a session with its readings. Raises ProblemError."""
    session = await sv.store.session(session_id)
    if session is None:
        raise missing("session", session_id)
    return session


@get("/sessions", tags=["Sessions"])
async def list_sessions(
    sv: Sv,
    caller: By,
    request: AnyRequest,
    *,
    session_state: State = None,
    station_id: Annotated[str | None, Filter] = None,
    pile_id: Annotated[str | None, Filter] = None,
    token_uid: Annotated[str | None, Filter] = None,
    since: Since = None,
    until: Until = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Response[Page[SessionView]]:
    """List the sessions, the newest start first. Times are of the start; to filter by token takes the role operator."""
    if token_uid is not None and not caller.may(Role.OPERATOR):
        raise ProblemError(
            FORBIDDEN, "query.token_uid: whose sessions these are is not for viewers; leave it out"
        )
    which = SessionFilter(
        state=session_state,
        station_id=station_id,
        pile_id=pile_id,
        token_uid=token_uid,
        since=aware("since", since),
        until=aware("until", until),
    )
    return await paged(request, sv.store.sessions(which, cursor, limit), lambda row: _view(row, caller))


def _view(session: Session, caller: Caller) -> SessionView:
    return SessionView(**_fields(session, caller))


def _fields(session: Session, caller: Caller) -> dict[str, Any]:
    fields = {name: getattr(session, name) for name in SessionView.__struct_fields__}
    return fields | {"token_uid": uid_for(caller, session.token_uid)}


class _Priced(NamedTuple):
    by: Literal["cdr", "live"] | None
    price: Price | None


@get("/sessions/{session_id:int}", tags=["Sessions"])
async def get_session(sv: Sv, caller: By, session_id: SessionId) -> SessionDetail:
    """Show a session and its price, with the step-by-step explanation of every amount."""
    session = await known(sv, session_id)
    priced = await _priced(sv, session)
    cdrs = await sv.store.cdrs_of(session_id)
    return SessionDetail(
        **_fields(session, caller),
        priced_by=priced.by,
        price=priced.price,
        explanation=tuple(explain(priced.price)) if priced.price else (),
        cdrs=tuple(cdr.id for cdr in cdrs),
    )


async def _priced(sv: Services, session: Session) -> _Priced:
    cdr = await sv.store.last_cdr(session.id)
    if cdr is not None:
        return _Priced("cdr", cdr.price)
    tariff = await sv.store.tariff_version(session.tariff_version)
    station = await sv.store.station(session.station_id)
    pile = await sv.store.pile(session.pile_id)
    if tariff is None or station is None or pile is None:
        return _Priced(None, None)
    usage = usage_of(session, station.time_zone, pile.max_power_w, sv.clock.now())
    try:
        return _Priced("live", price(tariff, usage))
    except ValueError as error:
        log.warning("session_not_priced", session=session.id, tariff=session.tariff_version, error=str(error))
        return _Priced(None, None)


@get("/sessions/{session_id:int}/meter-values", tags=["Sessions"])
async def list_meter_values(sv: Sv, session_id: SessionId) -> Page[MeterPointView]:
    """List what the pile measured during a session, in the order of time."""
    await known(sv, session_id)
    return whole(await sv.store.meter_values(session_id), _point)


def _point(point: MeterPoint) -> MeterPointView:
    return msgspec.convert(point, MeterPointView, from_attributes=True)


@post("/sessions/{session_id:int}/release", tags=["Sessions"], status_code=200)
async def release_session(sv: Sv, caller: By, session_id: SessionId) -> SessionDetail:
    """Let a session be billed that was held back because its meter is not plausible."""
    await known(sv, session_id)
    if not await billing.release(sv, session_id, caller.name):
        raise ProblemError(CONFLICT, f"session {session_id} is not held back: there is nothing to release")
    return await get_session.fn(sv, caller, session_id)  # type: ignore[no-any-return]


HANDLERS = (list_sessions, get_session, list_meter_values, release_session)
