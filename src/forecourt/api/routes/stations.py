"""Stations."""

import msgspec
from litestar import Response, get, put
from litestar.params import JSONBody

from forecourt.api.inputs import AnyRequest, By, Cursor, Limit, StationId, Sv, same_id
from forecourt.api.pages import Page, paged
from forecourt.api.problem import missing
from forecourt.api.schema.network import StationBody, StationNow, StationView
from forecourt.domain.station import Station
from forecourt.services import network
from forecourt.services.context import Services
from forecourt.store.reads.stations import StationCard


def _view(card: StationCard) -> StationView:
    now = StationNow(card.piles, card.piles_online, card.evses, card.sessions, card.power_w)
    return StationView(**msgspec.structs.asdict(card.station), now=now)


async def known(sv: Services, station_id: str) -> Station:
    """Return a station. Raises ProblemError."""
    station = await sv.store.station(station_id)
    if station is None:
        raise missing("station", station_id)
    return station


@get("/stations", tags=["Stations"])
async def list_stations(
    sv: Sv, request: AnyRequest, limit: Limit = 100, cursor: Cursor = None
) -> Response[Page[StationView]]:
    """List the stations, by id."""
    return await paged(request, sv.store.stations(cursor, limit), _view)


@get("/stations/{station_id:str}", tags=["Stations"])
async def get_station(sv: Sv, station_id: StationId) -> StationView:
    """Show a station and what goes on there."""
    card = await sv.store.station_card(station_id)
    if card is None:
        raise missing("station", station_id)
    return _view(card)


@put("/stations/{station_id:str}", tags=["Stations"])
async def put_station(sv: Sv, caller: By, station_id: StationId, data: JSONBody[StationBody]) -> StationView:
    """Add a station, or replace its master data. The same again changes nothing."""
    same_id(station_id, data.id)
    values = msgspec.structs.asdict(data) | {"id": station_id}
    await network.put_station(sv, Station(**values), caller.name)
    return await get_station.fn(sv, station_id)  # type: ignore[no-any-return]


HANDLERS = (list_stations, get_station, put_station)
