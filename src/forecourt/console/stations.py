"""The list of stations, and the page of one."""

from typing import Any

from litestar import Response, get
from litestar.exceptions import NotFoundException
from litestar.params import FromPath, FromQuery

from forecourt.console.directory import station_cards
from forecourt.console.render import link, page
from forecourt.console.visit import AnyRequest, Visit, visit_of
from forecourt.console.words import EVSE_ORDER
from forecourt.domain.session import Session
from forecourt.domain.tariff import Tariff
from forecourt.store.reads.page import MAX_LIMIT
from forecourt.store.reads.piles import PileCard, PileFilter
from forecourt.store.reads.sessions import SessionFilter
from forecourt.store.reads.stations import StationCard

ROWS = 100
LIST_PARTS = ("rows",)
PARTS = ("figures", "piles", "sessions")


@get("/stations")
async def stations(
    request: AnyRequest,
    part: FromQuery[str] = "",
    q: FromQuery[str] = "",
    city: FromQuery[str] = "",
    after: FromQuery[str] = "",
) -> Response[str]:
    """The list; ``q`` looks in ids and names, ``after`` is the last id of the page before."""
    visit = visit_of(request)
    cards = await station_cards(visit)
    wanted = [card for card in cards if _wanted(card, q, city)]
    rows = [card for card in wanted if card.station.id > after][: ROWS + 1]
    filters = {"q": q, "city": city}
    return page(
        visit,
        "stations",
        part,
        LIST_PARTS,
        section="/stations",
        live=link("/live", topics="state"),
        rows=rows[:ROWS],
        total=len(wanted),
        filters=filters,
        here=link("/stations", part="rows", after=after, **filters),
        cities=_cities(visit, cards),
        earlier=link("/stations", after=rows[ROWS - 1].station.id, **filters) if len(rows) > ROWS else "",
        back=link("/stations", **filters) if after else "",
    )


def _wanted(card: StationCard, q: str, city: str) -> bool:
    station = card.station
    text = " ".join(
        (station.id, station.name, station.name_zh, station.address, station.city, station.city_zh)
    )
    return q.strip().lower() in text.lower() and city in ("", station.city)


def _cities(visit: Visit, cards: tuple[StationCard, ...]) -> list[tuple[str, str]]:
    found = {card.station.city: visit.city_of(card.station) for card in cards if card.station.city}
    return sorted(found.items(), key=lambda item: item[0])


@get("/stations/{station_id:str}")
async def station(request: AnyRequest, station_id: FromPath[str], part: FromQuery[str] = "") -> Response[str]:
    """A station: its piles, its power, its sessions, its tariff."""
    visit = visit_of(request)
    card = await visit.sv.store.station_card(station_id)
    if card is None:
        raise NotFoundException(station_id)
    piles = await visit.sv.store.piles(PileFilter(station_id=station_id), limit=MAX_LIMIT)
    running = await visit.sv.store.sessions(
        SessionFilter(station_id=station_id, state="open"), limit=MAX_LIMIT
    )
    return page(
        visit,
        "station",
        part,
        PARTS,
        section="/stations",
        live=link("/live", topics="state", station=station_id),
        card=card,
        station=card.station,
        zone=card.station.time_zone,
        piles=piles.items,
        sessions=running.items,
        on_evse=by_evse(running.items),
        statuses=[(status, card.evses[status]) for status in EVSE_ORDER if card.evses.get(status)],
        tariffs=await _tariffs(visit, card, piles.items),
        stations={station_id: card.station},
    )


def by_evse(sessions: tuple[Session, ...]) -> dict[tuple[str, int], Session]:
    """Return the newest session of each EVSE."""
    return {(one.pile_id, one.evse_id): one for one in reversed(sessions)}


async def _tariffs(visit: Visit, card: StationCard, piles: tuple[PileCard, ...]) -> list[Tariff]:
    """Return what is charged here: the station's tariff, and those that single piles have instead."""
    ids: list[Any] = [card.station.tariff_id, *(pile.pile.tariff_id for pile in piles)]
    found = [await visit.sv.store.tariff(one) for one in dict.fromkeys(ids) if one]
    return [tariff for tariff in found if tariff is not None]
