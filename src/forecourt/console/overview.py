"""The overview: the network at a glance, live."""

from datetime import UTC, datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from litestar import Response, get
from litestar.params import FromQuery

from forecourt.console.directory import network_zone, station_cards
from forecourt.console.map import map_of
from forecourt.console.render import link, page
from forecourt.console.visit import AnyRequest, Visit, visit_of
from forecourt.console.words import in_order
from forecourt.domain.pile import EvseStatus
from forecourt.domain.session import Session
from forecourt.store.reads.overview import Overview
from forecourt.store.reads.piles import PileCard, PileFilter
from forecourt.store.reads.sessions import SessionFilter
from forecourt.store.reads.stations import StationCard

PARTS = ("figures", "map", "statuses", "power", "problems", "recent")
RECENT = 8
# So many of each kind of problem, and of the stations nearest to their limit.
SHOWN = 5


class Network(NamedTuple):
    """All that the page shows, as it was at one moment."""

    now: Overview
    zone: str
    cards: tuple[StationCard, ...]
    recent: tuple[Session, ...]
    offline: tuple[PileCard, ...]
    flagged: tuple[Session, ...]


@get("/", name="overview")
async def overview(request: AnyRequest, part: FromQuery[str] = "") -> Response[str]:
    """The page, or a part of it."""
    visit = visit_of(request)
    # The parts of all watchers are asked for at the same moment: one answer serves them.
    network = await visit.desk.common.ask("overview", lambda: _network(visit))
    cards = network.cards
    return page(
        visit,
        "overview",
        part,
        PARTS,
        section="/",
        live=link("/live", topics="state"),
        net=network.now,
        zone=network.zone,
        grid_w=_grid_w(cards),
        cities=len({card.station.city for card in cards if card.station.city}),
        statuses=in_order(network.now.evses),
        map=map_of(visit, cards) if part in ("", "map") else None,
        loaded=nearest_to_limit(cards),
        faulty=_faulty(cards),
        offline=network.offline,
        flagged=network.flagged,
        sessions=network.recent,
        stations={card.station.id: card.station for card in cards},
    )


async def _network(visit: Visit) -> Network:
    store = visit.sv.store
    cards = await station_cards(visit)
    zone = network_zone({card.station.id: card.station for card in cards})
    return Network(
        now=await store.overview(visit.now, start_of_day(visit.now, zone)),
        zone=zone,
        cards=cards,
        recent=(await store.sessions(limit=RECENT)).items,
        offline=(await store.piles(PileFilter(online=False), limit=SHOWN)).items,
        flagged=(await store.sessions(SessionFilter(state="problem"), limit=SHOWN)).items,
    )


def start_of_day(now: datetime, zone: str) -> datetime:
    """Return when the day began in a zone."""
    local = now.astimezone(ZoneInfo(zone))
    return local.replace(hour=0, minute=0, second=0, microsecond=0).astimezone(UTC)


def _grid_w(cards: tuple[StationCard, ...]) -> int | None:
    """Return the sum of the grid connections; None where one is not known: then there is no share to show."""
    known = [card.station.grid_w for card in cards if card.piles]
    return sum(limit or 0 for limit in known) if known and all(known) else None


def nearest_to_limit(cards: tuple[StationCard, ...]) -> list[StationCard]:
    """Return the stations that use most of their grid connection."""
    known = [card for card in cards if card.station.grid_w and card.power_w]
    return sorted(known, key=lambda card: -card.power_w / (card.station.grid_w or 1))[:SHOWN]


def _faulty(cards: tuple[StationCard, ...]) -> list[StationCard]:
    found = [card for card in cards if card.evses.get(EvseStatus.OUTOFORDER)]
    return sorted(found, key=lambda card: -card.evses[EvseStatus.OUTOFORDER])[:SHOWN]
