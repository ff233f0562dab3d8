"""The overview: the network at a glance, live."""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from litestar import Response, get
from litestar.params import FromQuery

from forecourt.console.directory import network_zone, station_cards
from forecourt.console.map import map_of
from forecourt.console.render import link, page
from forecourt.console.visit import AnyRequest, Visit, visit_of
from forecourt.console.words import EVSE_ORDER
from forecourt.domain.pile import EvseStatus
from forecourt.store.reads.overview import Overview
from forecourt.store.reads.piles import PileFilter
from forecourt.store.reads.sessions import SessionFilter
from forecourt.store.reads.stations import StationCard

PARTS = ("figures", "map", "statuses", "problems", "recent")
RECENT = 8
PROBLEMS = 6


@get("/", name="overview")
async def overview(request: AnyRequest, part: FromQuery[str] = "") -> Response[str]:
    """The page, or a part of it."""
    visit = visit_of(request)
    cards = await station_cards(visit)
    stations = {card.station.id: card.station for card in cards}
    zone = network_zone(stations)
    now = await _now(visit, zone)
    recent = await visit.sv.store.sessions(limit=RECENT)
    return page(
        visit,
        "overview",
        part,
        PARTS,
        section="/",
        live=link("/live", topics="state"),
        net=now,
        grid_w=_grid_w(cards),
        zone=zone,
        cities=len({card.station.city for card in cards if card.station.city}),
        statuses=[(status, now.evses.get(status, 0)) for status in EVSE_ORDER if status in now.evses],
        map=map_of(visit, cards),
        problems=await _problems(visit, cards),
        sessions=recent.items,
        stations=stations,
    )


async def _now(visit: Visit, zone: str) -> Overview:
    day = start_of_day(visit.now, zone)
    return await visit.desk.common.ask(("overview", day), lambda: visit.sv.store.overview(visit.now, day))


def start_of_day(now: datetime, zone: str) -> datetime:
    """Return when the day began in a zone."""
    local = now.astimezone(ZoneInfo(zone))
    return local.replace(hour=0, minute=0, second=0, microsecond=0).astimezone(UTC)


def _grid_w(cards: tuple[StationCard, ...]) -> int | None:
    """Return the sum of the grid connections; None where one is not known: then there is no share to show."""
    known = [card.station.grid_w for card in cards if card.piles]
    return sum(limit or 0 for limit in known) if known and all(known) else None


async def _problems(visit: Visit, cards: tuple[StationCard, ...]) -> dict[str, Any]:
    """Return what is wrong now: faulty EVSEs by station, piles offline, running or recent sessions with flags."""
    store = visit.sv.store
    faulty = [card for card in cards if card.evses.get(EvseStatus.OUTOFORDER)]
    offline = await store.piles(PileFilter(online=False), limit=PROBLEMS)
    flagged = await store.sessions(SessionFilter(state="problem"), limit=PROBLEMS)
    return {
        "faulty": sorted(faulty, key=lambda card: -card.evses[EvseStatus.OUTOFORDER])[:PROBLEMS],
        "offline": offline.items,
        "flagged": flagged.items,
    }
