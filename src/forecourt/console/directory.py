"""The stations, for names and zones: asked for every few seconds, however many rows name them."""

from collections.abc import Mapping

from forecourt.console.visit import Visit
from forecourt.domain.station import Station
from forecourt.store.reads.page import MAX_LIMIT
from forecourt.store.reads.stations import StationCard

DEFAULT_ZONE = "UTC"


async def station_cards(visit: Visit) -> tuple[StationCard, ...]:
    """Return all stations with what goes on there, by id."""
    return await visit.desk.common.ask("stations", lambda: _all(visit))


async def _all(visit: Visit) -> tuple[StationCard, ...]:
    page = await visit.sv.store.stations(limit=MAX_LIMIT)
    cards = list(page.items)
    while page.next_cursor:
        page = await visit.sv.store.stations(page.next_cursor, MAX_LIMIT)
        cards += page.items
    return tuple(cards)


async def stations_by_id(visit: Visit) -> Mapping[str, Station]:
    """Return all stations by their id."""
    return {card.station.id: card.station for card in await station_cards(visit)}


def network_zone(stations: Mapping[str, Station]) -> str:
    """Return the zone in which pages about the whole network show times: that of most stations."""
    zones = [station.time_zone for station in stations.values()]
    return max(sorted(set(zones)), key=zones.count, default=DEFAULT_ZONE)
