"""The background job that turns rows of the meter tail into compressed blocks.

It goes round the tail in the order of its key, a slice at a time, so that each turn costs the same whatever the tail's
size. A block and the rows that it takes over are one unit of the group commit: a crash leaves both or neither.
"""

from collections.abc import Awaitable, Callable, Sequence

from sqlalchemy import func, select, tuple_

from forecourt.domain.session import SessionState
from forecourt.store.errors import Status
from forecourt.store.extra_rows import MeterBlock, TailTaken
from forecourt.store.meter_block import pack_block
from forecourt.store.meter_pack import unpack_entry
from forecourt.store.reads.reader import Query, Reader
from forecourt.store.schema import meter_block, meter_tail, session
from forecourt.store.work import Result, Unit

# A running session's messages stay in the tail until there are so many; what has ended goes at once.
FULL = 64
SLICE = 500
START = (-1, "")
_MOST_ROWS = 512

Cursor = tuple[int, str]
_key = (meter_tail.c.session_id, meter_tail.c.pile_id)


async def compact(
    reader: Reader, commit: Callable[[Unit], Awaitable[Result]], cursor: Cursor, limit: int
) -> tuple[int, Cursor]:
    """Look at the next slice of the tail and make at most `limit` blocks; return how many, and where to go on."""
    tails = await reader.rows(_slice(cursor))
    made = 0
    for session_id, pile_id, messages, state in tails:
        cursor = (session_id, pile_id)
        if messages >= FULL or state not in (None, SessionState.OPEN.value):
            made += await _make_block(reader, commit, cursor)
            if made == limit:
                return made, cursor
    return made, cursor if len(tails) == SLICE else START


def _slice(cursor: Cursor) -> Query:
    """The next sessions in the tail with the number of their messages; session 0 (outside of any) has one for each pile."""
    state = select(session.c.state).where(session.c.id == meter_tail.c.session_id).scalar_subquery()
    return (
        select(*_key, func.count(), state)
        .where(tuple_(*_key) > tuple_(*cursor))
        .group_by(*_key)
        .order_by(*_key)
        .limit(SLICE)
    )


async def _make_block(reader: Reader, commit: Callable[[Unit], Awaitable[Result]], cursor: Cursor) -> int:
    session_id, pile_id = cursor
    here = (meter_tail.c.session_id == session_id, meter_tail.c.pile_id == pile_id)
    there = (meter_block.c.session_id == session_id, meter_block.c.pile_id == pile_id)
    entries, last = await reader.all(
        select(meter_tail.c.key, meter_tail.c.entry).where(*here).limit(_MOST_ROWS),
        select(func.coalesce(func.max(meter_block.c.n), 0)).where(*there),
    )
    if not entries:
        return 0
    block = _block(session_id, pile_id, last[0][0] + 1, [entry for _, entry in entries])
    taken = [TailTaken(session_id, pile_id, key) for key, _ in entries]
    # Another process that made the same block first is a conflict: nothing of this one is written then.
    result = await commit(Unit((block, *taken)))
    return int(result.status is Status.COMMITTED)


def _block(session_id: int, pile_id: str, n: int, entries: Sequence[bytes]) -> MeterBlock:
    records = sorted(map(unpack_entry, entries), key=lambda record: record.received_at)
    times = [record.at for record in records]
    body = pack_block(records)
    return MeterBlock(session_id, pile_id, n, min(times), max(times), len(records), body)
