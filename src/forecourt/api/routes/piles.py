"""Piles: master data, passwords, what they reported, their OCPP log."""

from typing import Annotated, Any

import msgspec
from litestar import Response, get, post, put
from litestar.params import JSONBody, QueryParameter

from forecourt.api.inputs import AnyRequest, By, Cursor, Filter, Limit, PileId, Sv, same_id
from forecourt.api.masking import HIDDEN
from forecourt.api.pages import Page, paged, whole
from forecourt.api.problem import missing
from forecourt.api.schema.network import (
    ChosenPassword,
    EvseView,
    LogView,
    MadePassword,
    PileBody,
    PileDetail,
    PileView,
    VariableView,
)
from forecourt.domain.pile import Pile
from forecourt.domain.records import LogEntry, PileVariable
from forecourt.domain.secret import is_secret
from forecourt.services import network
from forecourt.services.context import Services
from forecourt.store.reads import piles as stored

Text = Annotated[
    str | None,
    QueryParameter(
        max_length=100, description="Only those with this text in id, name, vendor, model or serial number."
    ),
]


async def known(sv: Services, pile_id: str) -> Pile:
    """Return a pile. Raises ProblemError."""
    pile = await sv.store.pile(pile_id)
    if pile is None:
        raise missing("pile", pile_id)
    return pile


def _fields(card: stored.PileCard | stored.PileDetail) -> dict[str, Any]:
    return {
        **msgspec.structs.asdict(card.pile),
        "online": card.owner.online,
        "connected_version": card.owner.version,
        "connected_at": card.owner.connected_at,
        "disconnected_at": card.owner.disconnected_at,
        "address": card.owner.address,
        "evses": card.evses,
    }


def _view(card: stored.PileCard) -> PileView:
    return msgspec.convert(_fields(card), PileView, from_attributes=True)


@get("/piles", tags=["Piles"])
async def list_piles(
    sv: Sv,
    request: AnyRequest,
    *,
    station_id: Annotated[str | None, Filter] = None,
    online: Annotated[
        bool | None, QueryParameter(description="Only those that are, or are not, connected.")
    ] = None,
    text: Text = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Response[Page[PileView]]:
    """List the piles, by id."""
    which = stored.PileFilter(station_id=station_id, online=online, text=text)
    return await paged(request, sv.store.piles(which, cursor, limit), _view)


@get("/piles/{pile_id:str}", tags=["Piles"])
async def get_pile(sv: Sv, pile_id: PileId) -> PileDetail:
    """Show a pile: its EVSEs, its connection, and what is odd about it."""
    detail = await sv.store.pile_detail(pile_id)
    if detail is None:
        raise missing("pile", pile_id)
    fields = {**_fields(detail), "notes": detail.notes, "repairs": detail.repairs}
    return msgspec.convert(fields, PileDetail, from_attributes=True)


@put("/piles/{pile_id:str}", tags=["Piles"])
async def put_pile(sv: Sv, caller: By, pile_id: PileId, data: JSONBody[PileBody]) -> PileDetail:
    """Add a pile, or replace its master data; what it reported is kept. The same again changes nothing."""
    same_id(pile_id, data.id)
    values = msgspec.structs.asdict(data) | {"id": pile_id}
    await network.put_pile(sv, msgspec.convert(values, Pile), caller.name)
    return await get_pile.fn(sv, pile_id)  # type: ignore[no-any-return]


@post("/piles/{pile_id:str}/password", tags=["Piles"], status_code=201)
async def make_pile_password(sv: Sv, caller: By, pile_id: PileId) -> MadePassword:
    """Make a random password, which replaces the old one at once. It can be read this once only."""
    await known(sv, pile_id)
    return MadePassword(pile_id, await network.new_password(sv, pile_id, caller.name))


@put("/piles/{pile_id:str}/password", tags=["Piles"], status_code=204)
async def choose_pile_password(sv: Sv, caller: By, pile_id: PileId, data: JSONBody[ChosenPassword]) -> None:
    """Set a password that a person chose, for piles that take no other. A made one is safer, and faster to verify."""
    await known(sv, pile_id)
    await network.choose_password(sv, pile_id, data.password, caller.name)


@get("/piles/{pile_id:str}/log", tags=["Piles"])
async def list_pile_log(
    sv: Sv, request: AnyRequest, pile_id: PileId, limit: Limit = 100, cursor: Cursor = None
) -> Response[Page[LogView]]:
    """List the pile's OCPP log, the newest frame first. It is a diagnostic: it may lose its last second."""
    await known(sv, pile_id)
    return await paged(request, sv.store.log_page(pile_id, cursor, limit), _log)


def _log(entry: LogEntry) -> LogView:
    return msgspec.convert(entry, LogView, from_attributes=True)


@get("/piles/{pile_id:str}/variables", tags=["Piles"])
async def list_pile_variables(sv: Sv, pile_id: PileId) -> Page[VariableView]:
    """List the settings that the pile reported, by name."""
    await known(sv, pile_id)
    return whole(await sv.store.pile_variables(pile_id), _variable)


def _variable(row: PileVariable) -> VariableView:
    view = msgspec.convert(row, VariableView, from_attributes=True)
    return msgspec.structs.replace(view, value=HIDDEN) if view.value and is_secret(row.variable) else view


@get("/evses", tags=["Piles"])
async def list_evses(
    sv: Sv,
    request: AnyRequest,
    station_id: Annotated[str | None, Filter] = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Response[Page[EvseView]]:
    """List the EVSEs, by pile and number. A page holds those of `limit` piles."""
    which = stored.PileFilter(station_id=station_id)
    page = await paged(request, sv.store.piles(which, cursor, limit), _view)
    evses = tuple(evse for pile in page.content.items for evse in pile.evses)
    return Response(Page(evses, page.content.next), headers=page.headers)


HANDLERS = (
    list_piles,
    get_pile,
    put_pile,
    make_pile_password,
    choose_pile_password,
    list_pile_log,
    list_pile_variables,
    list_evses,
)
