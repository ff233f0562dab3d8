"""The network at a glance."""

from datetime import datetime
from decimal import Decimal

import msgspec
from sqlalchemy import func, literal_column, select, union_all

from forecourt.domain.pile import EvseStatus
from forecourt.store.codec import decode_money, encode_time
from forecourt.store.reads.reader import Query, Reads, Rows
from forecourt.store.reads.stations import DRAWN
from forecourt.store.schema import evse, pile, pile_owner, session, station
from forecourt.store.schema.sessions import ENDED, UNCLOSED


class Overview(msgspec.Struct, frozen=True, kw_only=True):
    """The network now. The EVSEs of offline piles are UNKNOWN.

    `power_w` is what running sessions of connected piles draw; `energy_wh`, `revenue` (by currency, taxes included) and
    `sessions_today` are of the sessions that ended since the day's start, with what the running ones have so far.
    """

    at: datetime
    stations: int
    piles: int
    piles_online: int
    evses: dict[EvseStatus, int]
    charging: int
    sessions: int
    power_w: int
    sessions_today: int
    energy_wh: int
    revenue: dict[str, Decimal]


class OverviewReads(Reads):
    """The overview."""

    async def overview(self, now: datetime, day_start: datetime) -> Overview:
        """The network now, and its business since `day_start`."""
        totals, statuses, drawn, business = await self._reader.all(
            _totals(), _connected_evses(), _running(), _business(day_start)
        )
        [(stations, piles, online, evses)], [(sessions, power_w)] = totals, drawn
        counts = _statuses(statuses, evses)
        return Overview(
            at=now,
            stations=stations,
            piles=piles,
            piles_online=online,
            evses=counts,
            charging=counts.get(EvseStatus.CHARGING, 0),
            sessions=sessions,
            power_w=int(power_w or 0),
            sessions_today=sum(count for _, count, _, _ in business),
            energy_wh=sum(int(energy) for _, _, energy, _ in business),
            revenue={currency: decode_money(int(cost)) for currency, _, _, cost in business if cost},
        )


def _statuses(rows: Rows, evses: int) -> dict[EvseStatus, int]:
    counts = {EvseStatus(status): count for status, count in rows}
    if unknown := evses - sum(counts.values()):
        counts[EvseStatus.UNKNOWN] = counts.get(EvseStatus.UNKNOWN, 0) + unknown
    return counts


def _totals() -> Query:
    everything = (station, pile, pile_owner, evse)
    counts = {table: select(func.count()).select_from(table) for table in everything}
    counts[pile_owner] = counts[pile_owner].where(pile_owner.c.online)
    # EVSE 0 is an OCPP 1.6 pile speaking of itself (§4.9).
    counts[evse] = counts[evse].where(evse.c.evse_id > 0)
    return select(*[counts[table].scalar_subquery() for table in everything])


def _connected_evses() -> Query:
    served = pile_owner.join(evse, evse.c.pile_id == pile_owner.c.pile_id)
    counts = (
        select(evse.c.status, func.count()).select_from(served).where(pile_owner.c.online, evse.c.evse_id > 0)
    )
    return counts.group_by(evse.c.status)


def _running() -> Query:
    running = session.outerjoin(pile_owner, pile_owner.c.pile_id == session.c.pile_id)
    return select(func.count(), DRAWN).select_from(running).where(UNCLOSED)


def _business(day_start: datetime) -> Query:
    columns = (session.c.currency, session.c.energy_wh, session.c.cost)
    ended = select(*columns).where(ENDED, session.c.ended_at >= encode_time(day_start))
    going_on = select(*columns).where(UNCLOSED, session.c.ended_at.is_(None))
    both = union_all(ended, going_on).subquery()
    sums = (
        func.count(),
        func.sum(both.c.energy_wh),
        func.sum(func.coalesce(both.c.cost, literal_column("0"))),
    )
    return select(both.c.currency, *sums).group_by(both.c.currency)
