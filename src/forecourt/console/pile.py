"""The page of a pile: what it is, what it does now, what it was told and what it said."""

from typing import Any

from litestar import Response, get, post
from litestar.exceptions import NotFoundException
from litestar.params import FromPath, FromQuery

from forecourt.console.access import OPERATOR
from forecourt.console.command_forms import available, version_of
from forecourt.console.render import link, page, see_other
from forecourt.console.stations import by_evse
from forecourt.console.visit import AnyRequest, Visit, visit_of
from forecourt.console.words import N_
from forecourt.domain.pile import Registration
from forecourt.domain.station import Station
from forecourt.services import network
from forecourt.store.reads.piles import PileDetail
from forecourt.store.reads.sessions import SessionFilter

PARTS = ("now", "commands")
ROWS = 25
# (path below the pile, label)
TABS = (
    ("", N_("Now")),
    ("sessions", N_("Sessions")),
    ("commands", N_("Commands")),
    ("settings", N_("Settings")),
    ("log", N_("OCPP log")),
)


async def pile_and_station(visit: Visit, pile_id: str) -> tuple[PileDetail, Station]:
    """Return a pile and where it stands. NotFoundException: there is none of this id."""
    detail = await visit.sv.store.pile_detail(pile_id)
    station = await visit.sv.store.station(detail.pile.station_id) if detail else None
    if detail is None or station is None:
        raise NotFoundException(pile_id)
    return detail, station


def pile_context(detail: PileDetail, station: Station, tab: str, topics: str) -> dict[str, Any]:
    """Return what every page about a pile shows; ``topics`` are what its parts listen to."""
    return {
        "section": "/piles",
        "tabs": TABS,
        "tab": tab,
        "detail": detail,
        "pile": detail.pile,
        "owner": detail.owner,
        "version": version_of(detail),
        "station": station,
        "zone": station.time_zone,
        "stations": {station.id: station},
        "live": link("/live", topics=topics, pile=detail.pile.id),
    }


@get("/piles/{pile_id:str}")
async def pile(request: AnyRequest, pile_id: FromPath[str], part: FromQuery[str] = "") -> Response[str]:
    """What the pile is and does now."""
    visit = visit_of(request)
    detail, station = await pile_and_station(visit, pile_id)
    running = await visit.sv.store.sessions(SessionFilter(pile_id=pile_id, state="open"))
    recent = await visit.sv.store.commands(pile_id, limit=5)
    tariff_id = detail.pile.tariff_id or station.tariff_id
    return page(
        visit,
        "pile",
        part,
        PARTS,
        on_evse=by_evse(running.items),
        sessions=running.items,
        readings={reading.evse_id: reading for reading in detail.readings},
        actions=available(visit, detail, running.items),
        commands=recent.items,
        tariff=await visit.sv.store.tariff(tariff_id) if tariff_id else None,
        rejected=(await visit.sv.store.rejected_messages(pile_id, limit=5)).items,
        events=await visit.sv.store.device_events(pile_id, limit=5),
        **pile_context(detail, station, "", "state,commands"),
    )


@get("/piles/{pile_id:str}/sessions")
async def pile_sessions(
    request: AnyRequest, pile_id: FromPath[str], part: FromQuery[str] = "", cursor: FromQuery[str] = ""
) -> Response[str]:
    """All sessions of the pile, the newest first."""
    visit = visit_of(request)
    detail, station = await pile_and_station(visit, pile_id)
    found = await visit.sv.store.sessions(SessionFilter(pile_id=pile_id), cursor or None, ROWS)
    here = link("/piles", pile_id, "sessions")
    return page(
        visit,
        "pile_sessions",
        part,
        ("rows",),
        sessions=found.items,
        here=link(here, part="rows", cursor=cursor),
        earlier=link(here, cursor=found.next_cursor) if found.next_cursor else "",
        back=here if cursor else "",
        **pile_context(detail, station, "sessions", "state"),
    )


@get("/piles/{pile_id:str}/commands")
async def pile_commands(
    request: AnyRequest, pile_id: FromPath[str], part: FromQuery[str] = "", cursor: FromQuery[str] = ""
) -> Response[str]:
    """All commands to the pile, the newest first, and what can be commanded."""
    visit = visit_of(request)
    detail, station = await pile_and_station(visit, pile_id)
    found = await visit.sv.store.commands(pile_id, cursor or None, ROWS)
    running = await visit.sv.store.sessions(SessionFilter(pile_id=pile_id, state="open"))
    here = link("/piles", pile_id, "commands")
    return page(
        visit,
        "pile_commands",
        part,
        ("rows",),
        commands=found.items,
        actions=available(visit, detail, running.items),
        here=link(here, part="rows", cursor=cursor),
        earlier=link(here, cursor=found.next_cursor) if found.next_cursor else "",
        back=here if cursor else "",
        **pile_context(detail, station, "commands", "commands"),
    )


@get("/piles/{pile_id:str}/settings")
async def pile_settings(
    request: AnyRequest, pile_id: FromPath[str], part: FromQuery[str] = "", q: FromQuery[str] = ""
) -> Response[str]:
    """What the pile reported of its settings."""
    visit = visit_of(request)
    detail, station = await pile_and_station(visit, pile_id)
    variables = await visit.sv.store.pile_variables(pile_id)
    wanted = q.strip().lower()
    return page(
        visit,
        "pile_settings",
        part,
        ("rows",),
        variables=[one for one in variables if wanted in f"{one.component}.{one.variable}".lower()],
        reported=len(variables),
        q=q,
        here=link("/piles", pile_id, "settings", part="rows", q=q),
        **pile_context(detail, station, "settings", "state"),
    )


@post("/piles/{pile_id:str}/admit", opt=OPERATOR)
async def admit(request: AnyRequest, pile_id: FromPath[str]) -> Response[str]:
    """Accept a pile that waits; its next boot is answered so."""
    visit = visit_of(request)
    await pile_and_station(visit, pile_id)
    assert visit.operator is not None  # the entrance has seen to it
    await network.admit(visit.sv, pile_id, Registration.ACCEPTED, visit.operator.username)
    return see_other(link("/piles", pile_id))
