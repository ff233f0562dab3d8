"""The OCPP log of a pile, with a filter that says how far it has looked."""

from collections.abc import Sequence

import msgspec
from litestar import Response, get
from litestar.params import FromPath, FromQuery

from forecourt.console.pile import pile_and_station, pile_context
from forecourt.console.render import link, page
from forecourt.console.visit import AnyRequest, Visit, visit_of
from forecourt.domain.records import LogEntry
from forecourt.store.reads.page import Page

ROWS = 100
# A filter looks through so many entries of the log at once, and then says how far it has come.
LOOKED = 2_000


class Found(msgspec.Struct, frozen=True):
    """Entries of the log that fit a filter, how many were looked at, and where to go on."""

    items: tuple[LogEntry, ...]
    looked: int
    next_cursor: str | None


@get("/piles/{pile_id:str}/log")
async def pile_log(
    request: AnyRequest,
    pile_id: FromPath[str],
    part: FromQuery[str] = "",
    q: FromQuery[str] = "",
    direction: FromQuery[str] = "",
    cursor: FromQuery[str] = "",
) -> Response[str]:
    """The frames from and to the pile, the newest first; ``q`` looks in action, message id and payload."""
    visit = visit_of(request)
    detail, station = await pile_and_station(visit, pile_id)
    found = await _search(visit, pile_id, q.strip().lower(), direction, cursor or None)
    here, filters = link("/piles", pile_id, "log"), {"q": q, "direction": direction}
    return page(
        visit,
        "pile_log",
        part,
        ("rows",),
        found=found,
        filters=filters,
        here=link(here, part="rows", cursor=cursor, **filters),
        earlier=link(here, cursor=found.next_cursor, **filters) if found.next_cursor else "",
        back=link(here, **filters) if cursor else "",
        **pile_context(detail, station, "log", "" if cursor else "log"),
    )


async def _search(visit: Visit, pile_id: str, q: str, direction: str, cursor: str | None) -> Found:
    if not (q or direction):
        plain = await visit.sv.store.log_page(pile_id, cursor, ROWS)
        return Found(plain.items, len(plain.items), plain.next_cursor)
    kept: list[LogEntry] = []
    looked = 0
    while looked < LOOKED and len(kept) < ROWS:
        part: Page[LogEntry] = await visit.sv.store.log_page(pile_id, cursor, ROWS)
        kept += _fitting(part.items, q, direction)
        looked, cursor = looked + len(part.items), part.next_cursor
        if cursor is None:
            break
    return Found(tuple(kept), looked, cursor)


def _fitting(entries: Sequence[LogEntry], q: str, direction: str) -> list[LogEntry]:
    return [
        entry
        for entry in entries
        if direction in ("", entry.direction)
        and q in f"{entry.action}\n{entry.message_id}\n{entry.payload}".lower()
    ]
