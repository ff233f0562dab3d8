"""Sessions: by id, in pages, to be recognised, to be settled."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal

import msgspec
from sqlalchemy import select

from forecourt.domain.session import Session
from forecourt.domain.token import fold_uid
from forecourt.store.codec import encode_time
from forecourt.store.loading import whole
from forecourt.store.meter_pack import MeterRecord
from forecourt.store.meter_read import MeterPoint, joined, points_of
from forecourt.store.reads.page import Keyset, Page
from forecourt.store.reads.reader import Query, Reads, decoded_all, fields
from forecourt.store.schema import meter_block, meter_tail, session
from forecourt.store.schema.sessions import FLAGGED, UNCLOSED, UNSETTLED
from forecourt.store.writes import shape_of


class SessionFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which sessions: all that is given must hold. Times are of `started_at`, `until` is not included.

    `state`: "open" until the car has gone, "closed" after that, "problem": with any flag.
    """

    station_id: str | None = None
    pile_id: str | None = None
    token_uid: str | None = None
    state: Literal["open", "closed", "problem"] | None = None
    since: datetime | None = None
    until: datetime | None = None


ALL = SessionFilter()
_ORDER = Keyset((session.c.started_at, session.c.id), (int, int))
_STATES = {"open": UNCLOSED, "closed": session.c.state == "closed", "problem": FLAGGED}
_decode = shape_of(Session).decode


def _sessions() -> Query:
    return select(*fields(Session, session))


class SessionReads(Reads):
    """Sessions without what only their messages say (`session.IN_MEMORY`), except where it says whole."""

    async def session(self, session_id: int) -> Session | None:
        """The session, whole."""
        return await self._one_session(_sessions().where(session.c.id == session_id))

    async def find_session(
        self, pile_id: str, *, transaction_id: str | None = None, start_key: int | None = None
    ) -> Session | None:
        """The pile's session with this transaction id, or its newest one with this start key; whole."""
        query = _sessions().where(session.c.pile_id == pile_id)
        if transaction_id is not None:
            return await self._one_session(query.where(session.c.transaction_id == transaction_id))
        if start_key is None:
            raise ValueError("name a transaction_id or a start_key")
        query = query.where(session.c.start_key == start_key)
        return await self._one_session(query.order_by(session.c.id.desc()).limit(1))

    async def sessions(
        self,
        which: SessionFilter = ALL,
        cursor: str | None = None,
        limit: int = 50,
    ) -> Page[Session]:
        """A page of sessions, the newest first. ValueError: a bad cursor or limit."""
        query = _ORDER.paged(_filtered(_sessions(), which), cursor, limit)
        return _ORDER.page(await self._reader.rows(query), limit, _decode)

    async def sessions_due(self, now: datetime, limit: int = 100) -> list[Session]:
        """What the billing job has to look at, the longest due first; whole."""
        due = _sessions().where(UNSETTLED, session.c.settle_at <= encode_time(now))
        query = due.order_by(session.c.settle_at, session.c.id).limit(limit)
        return await self._made_whole(decoded_all(Session, await self._reader.rows(query)))

    async def stale_sessions(self, before: datetime, limit: int = 100) -> list[Session]:
        """Sessions that are not closed and without a word since `before`, the oldest first."""
        silent = _sessions().where(UNCLOSED, session.c.last_event_at < encode_time(before))
        query = silent.order_by(session.c.started_at, session.c.id).limit(limit)
        return decoded_all(Session, await self._reader.rows(query))

    async def meter_records(self, session_id: int) -> list[MeterRecord]:
        """All stored messages of a session, each once, by (seq_no, pile time, arrival)."""
        return joined(*(await self._stored_messages([session_id]))[session_id])

    async def meter_values(self, session_id: int) -> list[MeterPoint]:
        """What the pile measured during a session, in the order of (corrected) time."""
        return points_of(await self.meter_records(session_id))

    async def _one_session(self, query: Query) -> Session | None:
        found = await self._made_whole(decoded_all(Session, await self._reader.rows(query)))
        return found[0] if found else None

    async def _made_whole(self, sessions: Sequence[Session]) -> list[Session]:
        stored = await self._stored_messages([one.id for one in sessions]) if sessions else {}
        return [whole(one, *stored[one.id]) for one in sessions]

    async def _stored_messages(self, ids: Sequence[int]) -> dict[int, tuple[list[bytes], list[bytes]]]:
        """Tail and blocks. The tail is asked first: what a block takes over in between is then in both, not in none."""
        tail = select(meter_tail.c.session_id, meter_tail.c.entry).where(meter_tail.c.session_id.in_(ids))
        block = select(meter_block.c.session_id, meter_block.c.body).where(meter_block.c.session_id.in_(ids))
        found: dict[int, tuple[list[bytes], list[bytes]]] = defaultdict(lambda: ([], []))
        for place, rows in enumerate(await self._reader.all(tail, block)):
            for session_id, packed in rows:
                found[session_id][place].append(packed)
        return found


def _filtered(query: Query, which: SessionFilter) -> Query:
    conditions: list[Any] = []
    if which.station_id is not None:
        conditions.append(session.c.station_id == which.station_id)
    if which.pile_id is not None:
        conditions.append(session.c.pile_id == which.pile_id)
    if which.token_uid is not None:
        conditions.append(session.c.token_key == fold_uid(which.token_uid))
    if which.state is not None:
        conditions.append(_STATES[which.state])
    if which.since is not None:
        conditions.append(session.c.started_at >= encode_time(which.since))
    if which.until is not None:
        conditions.append(session.c.started_at < encode_time(which.until))
    return query.where(*conditions)
