"""Tariffs, CDRs and tokens."""

from collections.abc import Collection, Sequence
from datetime import datetime
from operator import itemgetter
from typing import Any

import msgspec
from sqlalchemy import select

from forecourt.domain.cdr import Cdr
from forecourt.domain.tariff import Tariff
from forecourt.domain.token import Token, fold_uid
from forecourt.store.codec import encode_time
from forecourt.store.reads.page import Keyset, Page
from forecourt.store.reads.reader import Query, Reads, decoded, fields
from forecourt.store.schema import cdr, pile, station, tariff, tariff_version, token
from forecourt.store.writes import shape_of


class CdrFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which CDRs: all that is given must hold. Times are of `issued_at`, `until` is not included."""

    station_id: str | None = None
    since: datetime | None = None
    until: datetime | None = None


ALL = CdrFilter()
_CDRS = Keyset((cdr.c.issued_at, cdr.c.id), (int, str))
_TOKENS = Keyset((token.c.uid_key,), (str,), newest=False)
_decode_cdr = msgspec.json.Decoder(Cdr).decode
_decode_tariff = msgspec.json.Decoder(Tariff).decode


class BillingReads(Reads):
    """Tariffs, CDRs and tokens."""

    async def tariff(self, tariff_id: str) -> Tariff | None:
        """The tariff as it is now."""
        row = await self._reader.first(select(tariff.c.body).where(tariff.c.id == tariff_id))
        return None if row is None else _decode_tariff(row[0])

    async def tariffs(self) -> list[Tariff]:
        """All tariffs, by id."""
        rows = await self._reader.rows(select(tariff.c.body).order_by(tariff.c.id))
        return [_decode_tariff(row[0]) for row in rows]

    async def tariff_version(self, version: str) -> Tariff | None:
        """The content that a tariff had under this version."""
        query = select(tariff_version.c.tariff).where(tariff_version.c.version == version)
        row = await self._reader.first(query)
        return None if row is None else _decode_tariff(row[0])

    async def tariff_versions(self, versions: Collection[str]) -> dict[str, Tariff]:
        """Several contents at once, by version; what there is not is left out."""
        query = select(tariff_version.c.version, tariff_version.c.tariff)
        rows = await self._reader.rows(query.where(tariff_version.c.version.in_(versions)))
        return {version: _decode_tariff(body) for version, body in rows}

    async def time_zones(self, stations: Collection[str]) -> dict[str, str]:
        """The time zone of each station."""
        query = select(station.c.id, station.c.time_zone).where(station.c.id.in_(stations))
        return dict(map(tuple, await self._reader.rows(query)))

    async def ratings(self, piles: Collection[str]) -> dict[str, int | None]:
        """The rated power of each pile in W, where it is known."""
        query = select(pile.c.id, pile.c.max_power_w).where(pile.c.id.in_(piles))
        return dict(map(tuple, await self._reader.rows(query)))

    async def cdr(self, cdr_id: str) -> Cdr | None:
        return _cdr(await self._reader.first(select(cdr.c.body).where(cdr.c.id == cdr_id)))

    async def cdrs(
        self,
        which: CdrFilter = ALL,
        cursor: str | None = None,
        limit: int = 50,
    ) -> Page[Cdr]:
        """A page of CDRs, the last issued first. ValueError: a bad cursor or limit."""
        query = _CDRS.paged(_filtered(select(cdr.c.body), which), cursor, limit)
        return _CDRS.page(await self._reader.rows(query), limit, lambda row: _decode_cdr(row[0]))

    async def cdrs_of(self, session_id: int) -> list[Cdr]:
        """All CDRs of a session, credits too, in the order of issue."""
        query = select(cdr.c.body).where(cdr.c.session_id == session_id)
        found = [_decode_cdr(row[0]) for row in await self._reader.rows(query)]
        return sorted(found, key=lambda one: (one.revision, one.credits is not None))

    async def last_cdr(self, session_id: int) -> Cdr | None:
        """The CDR that holds: the last one that is no credit."""
        query = select(cdr.c.body).where(cdr.c.session_id == session_id, cdr.c.credits.is_(None))
        return _cdr(await self._reader.first(query.order_by(cdr.c.revision.desc()).limit(1)))

    async def last_cdrs(self, sessions: Sequence[int]) -> dict[int, Cdr]:
        """The CDR that holds, of each session that has one."""
        query = select(cdr.c.revision, cdr.c.session_id, cdr.c.body).where(cdr.c.session_id.in_(sessions))
        rows = await self._reader.rows(query.where(cdr.c.credits.is_(None)))
        last = {session_id: body for _, session_id, body in sorted(rows, key=itemgetter(0))}
        return {session_id: _decode_cdr(body) for session_id, body in last.items()}

    async def token(self, uid: str) -> Token | None:
        """The token, however its uid is spelt."""
        query = select(*fields(Token, token)).where(token.c.uid_key == fold_uid(uid))
        return decoded(Token, await self._reader.first(query))

    async def tokens(self, cursor: str | None = None, limit: int = 50) -> Page[Token]:
        """A page of tokens, by uid. ValueError: a bad cursor or limit."""
        query = _TOKENS.paged(select(*fields(Token, token)), cursor, limit)
        return _TOKENS.page(await self._reader.rows(query), limit, shape_of(Token).decode)


def _cdr(row: Sequence[Any] | None) -> Cdr | None:
    return None if row is None else _decode_cdr(row[0])


def _filtered(query: Query, which: CdrFilter) -> Query:
    if which.station_id is not None:
        query = query.where(cdr.c.station_id == which.station_id)
    if which.since is not None:
        query = query.where(cdr.c.issued_at >= encode_time(which.since))
    if which.until is not None:
        query = query.where(cdr.c.issued_at < encode_time(which.until))
    return query
