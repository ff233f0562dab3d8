"""Piles: by id, in pages, with all that the pile's own page shows."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import false, func, or_, select

from forecourt.domain.pile import Evse, EvseStatus, Pile
from forecourt.domain.records import DeviceEvent, PileCredential, PileNote, PileVariable, RepairCount
from forecourt.domain.session import EvseReading
from forecourt.store.reads.page import Keyset, Page
from forecourt.store.reads.reader import Query, Reads, decoded, decoded_all, fields
from forecourt.store.records import Owner
from forecourt.store.schema import (
    device_event,
    evse,
    evse_reading,
    pile,
    pile_credential,
    pile_note,
    pile_owner,
    pile_variable,
    repair_count,
)
from forecourt.store.writes import shape_of


class PileFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which piles: all that is given must hold. `text` is looked for in id, name, vendor, model and serial."""

    station_id: str | None = None
    online: bool | None = None
    text: str | None = None


class PileCard(msgspec.Struct, frozen=True):
    """A pile in a list. The EVSEs of an offline pile are UNKNOWN."""

    pile: Pile
    owner: Owner
    evses: tuple[Evse, ...]


class PileDetail(msgspec.Struct, frozen=True):
    """All that is known of a pile but its sessions, commands and log."""

    pile: Pile
    owner: Owner
    evses: tuple[Evse, ...]
    readings: tuple[EvseReading, ...]
    notes: tuple[PileNote, ...]
    repairs: tuple[RepairCount, ...]


ALL = PileFilter()
_ORDER = Keyset((pile.c.id,), (str,), newest=False)
_PILE = len(shape_of(Pile).fields)
_SEARCHED = (pile.c.id, pile.c.name, pile.c.vendor, pile.c.model, pile.c.serial)


def _piles() -> Query:
    owned = pile.outerjoin(pile_owner, pile_owner.c.pile_id == pile.c.id)
    return select(*fields(Pile, pile), *fields(Owner, pile_owner)).select_from(owned)


class PileReads(Reads):
    """Piles."""

    async def pile(self, pile_id: str) -> Pile | None:
        return decoded(
            Pile, await self._reader.first(select(*fields(Pile, pile)).where(pile.c.id == pile_id))
        )

    async def credential(self, pile_id: str) -> PileCredential | None:
        """How the pile proves who it is; None for an unknown pile too."""
        query = select(*fields(PileCredential, pile_credential)).where(pile_credential.c.pile_id == pile_id)
        return decoded(PileCredential, await self._reader.first(query))

    async def piles(
        self,
        which: PileFilter = ALL,
        cursor: str | None = None,
        limit: int = 50,
    ) -> Page[PileCard]:
        """A page of piles, by id. ValueError: a bad cursor or limit."""
        rows = await self._reader.rows(_ORDER.paged(_filtered(_piles(), which), cursor, limit))
        evses = await self._evses_of([row[0] for row in rows[:limit]])
        return _ORDER.page(rows, limit, lambda row: _card(row, evses[row[0]]))

    async def pile_detail(self, pile_id: str) -> PileDetail | None:
        """A pile with all that its page shows; None if there is none."""
        found, evses, readings, notes, repairs = await self._reader.all(
            _piles().where(pile.c.id == pile_id),
            select(*fields(Evse, evse)).where(evse.c.pile_id == pile_id).order_by(evse.c.evse_id),
            select(*fields(EvseReading, evse_reading)).where(evse_reading.c.pile_id == pile_id),
            select(*fields(PileNote, pile_note)).where(pile_note.c.pile_id == pile_id),
            select(*fields(RepairCount, repair_count)).where(repair_count.c.pile_id == pile_id),
        )
        if not found:
            return None
        card = _card(found[0], decoded_all(Evse, evses))
        return PileDetail(
            card.pile,
            card.owner,
            card.evses,
            tuple(decoded_all(EvseReading, readings)),
            tuple(sorted(decoded_all(PileNote, notes), key=lambda note: note.at, reverse=True)),
            tuple(sorted(decoded_all(RepairCount, repairs), key=lambda repair: -repair.count)),
        )

    async def pile_variables(self, pile_id: str) -> list[PileVariable]:
        """Settings and variables that the pile reported, by name."""
        key = list(pile_variable.primary_key)
        query = select(*fields(PileVariable, pile_variable)).where(pile_variable.c.pile_id == pile_id)
        return decoded_all(PileVariable, await self._reader.rows(query.order_by(*key)))

    async def device_events(self, pile_id: str, limit: int = 50) -> list[DeviceEvent]:
        """What the pile reported of itself, the newest first."""
        query = select(*fields(DeviceEvent, device_event)).where(device_event.c.pile_id == pile_id)
        order = (device_event.c.received_at.desc(), device_event.c.key)
        return decoded_all(DeviceEvent, await self._reader.rows(query.order_by(*order).limit(limit)))

    async def _evses_of(self, piles: list[str]) -> dict[str, list[Evse]]:
        found: dict[str, list[Evse]] = defaultdict(list)
        if piles:
            query = select(*fields(Evse, evse)).where(evse.c.pile_id.in_(piles))
            for one in decoded_all(Evse, await self._reader.rows(query)):
                found[one.pile_id].append(one)
        return found


def _card(row: Sequence[Any], evses: list[Evse]) -> PileCard:
    found: Pile = shape_of(Pile).decode(row)
    known = row[_PILE] is not None
    owner = shape_of(Owner).decode(row[_PILE:]) if known else Owner(pile_id=found.id)
    ordered = sorted(evses, key=lambda one: one.evse_id)
    return PileCard(found, owner, tuple(ordered if owner.online else map(_unknown, ordered)))


def _unknown(one: Evse) -> Evse:
    """DESIGN §1: socket lost → UNKNOWN."""
    return msgspec.structs.replace(one, status=EvseStatus.UNKNOWN)


def _filtered(query: Query, which: PileFilter) -> Query:
    if which.station_id is not None:
        query = query.where(pile.c.station_id == which.station_id)
    if which.online is not None:
        query = query.where(func.coalesce(pile_owner.c.online, false()) == which.online)
    if which.text:
        wanted = which.text.strip().lower()
        query = query.where(
            or_(*[func.lower(column).contains(wanted, autoescape=True) for column in _SEARCHED])
        )
    return query
