"""The list of piles, filtered by its address."""

from litestar import Response, get
from litestar.params import FromQuery

from forecourt.console.directory import stations_by_id
from forecourt.console.render import link, page
from forecourt.console.visit import AnyRequest, visit_of
from forecourt.store.reads.piles import PileFilter

ROWS = 100
PARTS = ("rows",)
CONNECTION = {"online": True, "offline": False}


@get("/piles")
async def piles(
    request: AnyRequest,
    part: FromQuery[str] = "",
    q: FromQuery[str] = "",
    station: FromQuery[str] = "",
    connection: FromQuery[str] = "",
    cursor: FromQuery[str] = "",
) -> Response[str]:
    """The list; ``q`` looks in id, name, vendor, model and serial."""
    visit = visit_of(request)
    which = PileFilter(station_id=station or None, online=CONNECTION.get(connection), text=q.strip() or None)
    found = await visit.sv.store.piles(which, cursor or None, ROWS)
    filters = {"q": q, "station": station, "connection": connection}
    return page(
        visit,
        "piles",
        part,
        PARTS,
        section="/piles",
        live=link("/live", topics="state"),
        rows=found.items,
        filters=filters,
        here=link("/piles", part="rows", cursor=cursor, **filters),
        stations=await stations_by_id(visit),
        earlier=link("/piles", cursor=found.next_cursor, **filters) if found.next_cursor else "",
        back=link("/piles", **filters) if cursor else "",
    )
