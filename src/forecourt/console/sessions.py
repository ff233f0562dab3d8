"""The list of sessions: running, past, with problems; filtered by its address, and as CSV."""

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from litestar import Response, get
from litestar.params import FromQuery
from litestar.response import Stream

from forecourt.console.directory import network_zone, stations_by_id
from forecourt.console.render import link, page
from forecourt.console.sheet import CONTENT_TYPE, head, row, utc
from forecourt.console.visit import AnyRequest, Visit, visit_of
from forecourt.console.words import N_
from forecourt.domain.session import Session
from forecourt.store.reads.page import MAX_LIMIT
from forecourt.store.reads.sessions import SessionFilter

ROWS = 50
PARTS = ("rows",)
State = Literal["open", "closed", "problem"]
# (value of ``state``, label)
TABS: tuple[tuple[str, str], ...] = (
    ("", N_("All")),
    ("open", N_("Live")),
    ("closed", N_("Past")),
    ("problem", N_("With problems")),
)
STATES: dict[str, State] = {"open": "open", "closed": "closed", "problem": "problem"}
COLUMNS = (
    "session", "station", "pile", "evse", "transaction", "state", "token_type", "token", "started_at", "ended_at",
    "closed_at", "energy_wh", "soc_percent", "cost", "currency", "stop_reason", "flags",
)  # fmt: skip


def filters_of(request: AnyRequest) -> dict[str, str]:
    """Return the filters that the address names."""
    query = request.query_params
    return {
        name: query.get(name, "").strip() for name in ("state", "station", "pile", "token", "since", "until")
    }


def _filter(filters: dict[str, str], zone: str) -> SessionFilter:
    until = _day(filters["until"])
    return SessionFilter(
        state=STATES.get(filters["state"]),
        station_id=filters["station"] or None,
        pile_id=filters["pile"] or None,
        token_uid=filters["token"] or None,
        since=_start(_day(filters["since"]), zone),
        until=_start(until + timedelta(days=1), zone) if until and until < date.max else None,
    )


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _start(day: date | None, zone: str) -> datetime | None:
    # The first and last days of the calendar have no neighbour in some zones.
    if day is None or not 1 < day.year < 9999:
        return None
    return datetime.combine(day, time(), ZoneInfo(zone)).astimezone(UTC)


@get("/sessions")
async def sessions(
    request: AnyRequest, part: FromQuery[str] = "", cursor: FromQuery[str] = ""
) -> Response[str]:
    """The list, the newest first."""
    visit = visit_of(request)
    stations = await stations_by_id(visit)
    zone = network_zone(stations)
    filters = filters_of(request)
    found = await visit.sv.store.sessions(_filter(filters, zone), cursor or None, ROWS)
    return page(
        visit,
        "sessions",
        part,
        PARTS,
        section="/sessions",
        live=link("/live", topics="" if cursor else "state"),
        sessions=found.items,
        stations=stations,
        zone=zone,
        tabs=TABS,
        filters=filters,
        here=link("/sessions", part="rows", cursor=cursor, **filters),
        csv=link("/sessions.csv", **filters),
        earlier=link("/sessions", cursor=found.next_cursor, **filters) if found.next_cursor else "",
        back=link("/sessions", **filters) if cursor else "",
    )


@get("/sessions.csv")
async def sessions_csv(request: AnyRequest) -> Stream:
    """All sessions that the filters let through, times in UTC."""
    visit = visit_of(request)
    zone = network_zone(await stations_by_id(visit))
    return Stream(
        _lines(visit, _filter(filters_of(request), zone)),
        media_type=CONTENT_TYPE,
        headers={"Content-Disposition": 'attachment; filename="sessions.csv"'},
    )


async def _lines(visit: Visit, which: SessionFilter) -> AsyncIterator[str]:
    yield head(COLUMNS)
    cursor: str | None = None
    while True:
        found = await visit.sv.store.sessions(which, cursor, MAX_LIMIT)
        yield "".join(row(_cells(visit, one)) for one in found.items)
        cursor = found.next_cursor
        if cursor is None:
            return


def _cells(visit: Visit, one: Session) -> tuple[object, ...]:
    return (
        one.id,
        one.station_id,
        one.pile_id,
        one.evse_id,
        one.transaction_id,
        one.state.value,
        one.token_type,
        visit.token_of(one.token_uid),
        utc(one.started_at),
        utc(one.ended_at),
        utc(one.closed_at),
        one.energy_wh,
        one.soc_percent,
        one.cost,
        one.currency,
        one.stop_reason,
        " ".join(one.flags),
    )
