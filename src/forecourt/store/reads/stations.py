"""Stations: by id, and in pages with what goes on at each."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import case, false, func, literal_column, select

from forecourt.domain.pile import EvseStatus
from forecourt.domain.station import Station
from forecourt.store.reads.page import Keyset, Page
from forecourt.store.reads.reader import Reads, Rows, decoded, fields
from forecourt.store.schema import evse, pile, pile_owner, session, station
from forecourt.store.schema.sessions import UNCLOSED
from forecourt.store.writes import shape_of


class StationCard(msgspec.Struct, frozen=True):
    """A station and what goes on there. The EVSEs of offline piles count as UNKNOWN.

    `power_w` is what the running sessions of connected piles draw; `sessions` are those whose car has not gone.
    """

    station: Station
    piles: int
    piles_online: int
    evses: dict[EvseStatus, int]
    sessions: int
    power_w: int


_ORDER = Keyset((station.c.id,), (str,), newest=False)
ONLINE = func.coalesce(pile_owner.c.online, false())
# A session that has only stopped draws nothing.
DRAWN = func.sum(
    case((session.c.state == "open", func.coalesce(session.c.power_w, 0)), else_=literal_column("0"))
    * case((ONLINE, literal_column("1")), else_=literal_column("0"))
)


class StationReads(Reads):
    """Stations."""

    async def station(self, station_id: str) -> Station | None:
        query = select(*fields(Station, station)).where(station.c.id == station_id)
        return decoded(Station, await self._reader.first(query))

    async def station_card(self, station_id: str) -> StationCard | None:
        """One station with what goes on there."""
        found = await self.station(station_id)
        if found is None:
            return None
        return _card(found, await self._counts([station_id]))

    async def stations(self, cursor: str | None = None, limit: int = 50) -> Page[StationCard]:
        """A page of stations, by id. ValueError: a bad cursor or limit."""
        query = _ORDER.paged(select(*fields(Station, station)), cursor, limit)
        rows = await self._reader.rows(query)
        counts = await self._counts([row[0] for row in rows[:limit]])
        return _ORDER.page(rows, limit, lambda row: _card(shape_of(Station).decode(row), counts))

    async def _counts(self, stations: Sequence[str]) -> "_Counts":
        owned = pile.outerjoin(pile_owner, pile_owner.c.pile_id == pile.c.id)
        served = owned.join(evse, evse.c.pile_id == pile.c.id)
        running = session.outerjoin(pile_owner, pile_owner.c.pile_id == session.c.pile_id)
        here, there = pile.c.station_id.in_(stations), session.c.station_id.in_(stations)
        piles, evses, sessions = await self._reader.all(
            select(pile.c.station_id, ONLINE, func.count())
            .select_from(owned)
            .where(here)
            .group_by(pile.c.station_id, ONLINE),
            select(pile.c.station_id, evse.c.status, ONLINE, func.count())
            .select_from(served)
            .where(here, evse.c.evse_id > 0)
            .group_by(pile.c.station_id, evse.c.status, ONLINE),
            select(session.c.station_id, func.count(), DRAWN)
            .select_from(running)
            .where(there, UNCLOSED)
            .group_by(session.c.station_id),
        )
        return _Counts(piles, evses, sessions)


class _Counts:
    def __init__(self, piles: Rows, evses: Rows, sessions: Rows) -> None:
        self.piles: dict[str, list[int]] = defaultdict(lambda: [0, 0])
        for station_id, online, count in piles:
            self.piles[station_id][bool(online)] += count
        self.evses: dict[str, dict[EvseStatus, int]] = defaultdict(dict)
        for station_id, *row in evses:
            count_status(self.evses[station_id], row)
        self.sessions = {station_id: (count, int(power or 0)) for station_id, count, power in sessions}


def count_status(counts: dict[EvseStatus, int], row: Sequence[Any]) -> None:
    """Add a row of (status, online, count)."""
    status, online, count = row
    shown = EvseStatus(status) if online else EvseStatus.UNKNOWN
    counts[shown] = counts.get(shown, 0) + count


def _card(found: Station, counts: _Counts) -> StationCard:
    offline, online = counts.piles[found.id]
    sessions, power_w = counts.sessions.get(found.id, (0, 0))
    return StationCard(found, offline + online, online, counts.evses[found.id], sessions, power_w)
