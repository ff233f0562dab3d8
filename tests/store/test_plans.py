"""Reads stay fast with many rows: in the plans of both engines nothing scans a table or sorts a list.

What a read really asks is noted while it runs, and then explained.
"""

import re
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from msgspec.structs import replace
from sqlalchemy import event, text
from tests.store import samples
from tests.store.samples import NOW, after, session

from forecourt.domain.command import CommandState
from forecourt.domain.pile import Evse, Pile
from forecourt.domain.records import AuditEntry, DeviceEvent, LogEntry
from forecourt.domain.session import RejectedMessage, Session, SessionSettled, SessionState
from forecourt.domain.station import Station
from forecourt.domain.token import Token
from forecourt.store import extra_rows, loading
from forecourt.store.codec import encode_time
from forecourt.store.database import owner, parse
from forecourt.store.postgres import _arrays
from forecourt.store.reads.billing import CdrFilter
from forecourt.store.reads.page import _cursor
from forecourt.store.reads.piles import PileFilter
from forecourt.store.reads.sessions import SessionFilter
from forecourt.store.store import Store
from forecourt.store.work import Connect
from forecourt.store.writes import WRITES

SESSIONS = 20_000
PILES = 400
OTHERS = 3_000

# Cursors in the middle of a list, by the kind of its key.
LATER = _cursor((encode_time(after(5000)), 5000))
NAMED = _cursor(("pile-3",))
ISSUED = _cursor((encode_time(after(2000)), "2000-1"))
LOGGED = _cursor((1000,))
REJECTED = _cursor((encode_time(after(2000)), "pile-1", 5))

Read = Callable[[Store], Awaitable[Any]]
READS: dict[str, Read] = {
    "sessions": lambda s: s.sessions(cursor=LATER),
    "sessions of a station": lambda s: s.sessions(SessionFilter(station_id="st-1"), LATER),
    "sessions of a pile": lambda s: s.sessions(SessionFilter(pile_id="pile-1"), LATER),
    "sessions of a token": lambda s: s.sessions(SessionFilter(token_uid="token-1"), LATER),
    "open sessions": lambda s: s.sessions(SessionFilter(state="open"), LATER),
    "open sessions of a pile": lambda s: s.sessions(SessionFilter(state="open", pile_id="pile-1")),
    "open sessions of a station": lambda s: s.sessions(SessionFilter(state="open", station_id="st-1")),
    "closed sessions": lambda s: s.sessions(SessionFilter(state="closed"), LATER),
    "problem sessions": lambda s: s.sessions(SessionFilter(state="problem"), LATER),
    "sessions of a time": lambda s: s.sessions(SessionFilter(since=after(100), until=after(900))),
    "session": lambda s: s.session(5),
    "session by transaction": lambda s: s.find_session("pile-1", transaction_id="tx-1"),
    "session by start": lambda s: s.find_session("pile-1", start_key=1),
    "sessions due": lambda s: s.sessions_due(after(500)),
    "stale sessions": lambda s: s.stale_sessions(after(500)),
    "overview": lambda s: s.overview(after(SESSIONS), after(SESSIONS - 900)),
    "stations": lambda s: s.stations(NAMED, limit=10),
    "station": lambda s: s.station_card("st-1"),
    "piles": lambda s: s.piles(cursor=NAMED),
    "piles of a station": lambda s: s.piles(PileFilter(station_id="st-1"), NAMED),
    "pile": lambda s: s.pile_detail("pile-1"),
    "credential": lambda s: s.credential("pile-1"),
    "variables": lambda s: s.pile_variables("pile-1"),
    "device events": lambda s: s.device_events("pile-1"),
    "cdrs": lambda s: s.cdrs(cursor=ISSUED),
    "cdrs of a station": lambda s: s.cdrs(CdrFilter(station_id="st-1"), ISSUED),
    "cdrs of a session": lambda s: s.cdrs_of(5),
    "last cdr": lambda s: s.last_cdr(5),
    "last cdrs": lambda s: s.last_cdrs([5, 6]),
    "cdr": lambda s: s.cdr("5-1"),
    "tariff versions": lambda s: s.tariff_versions(["a", "b"]),
    "time zones": lambda s: s.time_zones(["st-1", "st-2"]),
    "ratings": lambda s: s.ratings(["pile-1", "pile-2"]),
    "token": lambda s: s.token("000005"),
    "tokens": lambda s: s.tokens(NAMED),
    "command": lambda s: s.command("000005"),
    "command by key": lambda s: s.command_by_key("alice", "000005"),
    "commands": lambda s: s.commands(cursor=ISSUED),
    "commands of a pile": lambda s: s.commands("pile-1", ISSUED),
    "commands due": lambda s: s.commands_due(after(500)),
    "commands due here": lambda s: s.commands_due(after(500), gateway_id="gw-1"),
    "commands expired": lambda s: s.commands_expired(after(500)),
    "log": lambda s: s.log_page("pile-1", LOGGED),
    "rejected messages": lambda s: s.rejected_messages(cursor=REJECTED),
    "rejected messages of a pile": lambda s: s.rejected_messages("pile-1", REJECTED),
    "audit": lambda s: s.audit_page(cursor=NAMED),
    "audit of a subject": lambda s: s.audit_page("s-1", NAMED),
    "login": lambda s: s.login(b"x"),
    "api token": lambda s: s.api_token(b"x"),
    "operator": lambda s: s.operator("alice"),
    "compaction": lambda s: s.compact(1),
}


async def fill(store: Store) -> None:
    """Twenty thousand sessions of 400 piles, of which one in a hundred is open, one flagged, and one due."""
    stations = [Station(id=f"st-{n}", name="", lat=0, lon=0) for n in range(40)]
    piles = [Pile(id=f"pile-{n}", station_id=f"st-{n % 40}") for n in range(PILES)]
    evses = [Evse(pile_id=pile.id, evse_id=n) for pile in piles for n in (1, 2)]
    await store.write(*stations, *piles, *evses)
    for pile in piles:
        store.commit.submit(Connect(pile.id, "gw-1", "2.0.1", "", NOW), lambda result: None)
    for start in range(0, SESSIONS, 2000):
        await store.write(*map(_session, range(start, start + 2000)))
    await store.write(*[row for n in range(OTHERS) for row in _others(n)])
    store.log([LogEntry(f"pile-{n % PILES}", after(n), "in", "CALL", "X", "1", "{}") for n in range(OTHERS)])
    await store.flush()


def _session(number: int) -> Session:
    rare = number % 100
    return session(
        number,
        pile_id=f"pile-{number % PILES}",
        station_id=f"st-{number % 40}",
        token_uid=f"token-{number % 700}",
        state=SessionState.CLOSED if rare else SessionState.OPEN,
        ended_at=after(number + 9) if rare else None,
        settle_at=after(number) if rare == 1 else None,
        flags=("late_events",) if rare == 2 else (),
        start_key=number,
    )


def _others(number: int) -> tuple[Any, ...]:
    name, pile_id, at = f"{number:06}", f"pile-{number % PILES}", after(number)
    command = replace(
        samples.COMMAND,
        id=name,
        pile_id=pile_id,
        idempotency_key=name,
        state=CommandState.ACCEPTED if number % 100 else CommandState.QUEUED,
        created_at=at,
        expires_at=after(number + 60),
    )
    return (
        Token(uid=name),
        AuditEntry(id=name, at=at, actor="a", action="b", subject=f"s-{number % 50}"),
        command,
        RejectedMessage(pile_id, number, at, "Stop", "m", "why", "{}"),
        DeviceEvent(pile_id=pile_id, key=number, at=None, received_at=at, kind="e"),
        replace(samples.cdr(number, issued_at=at), station_id=f"st-{number % 40}"),
        samples.entry(number, number, number, session_id=number % 500),
    )


class Plans:
    """The plans of what a store asks, one line for each step."""

    def __init__(self, store: Store) -> None:
        self._engine = store._reader._engine
        self._asked: list[tuple[str, Any]] = []
        event.listen(self._engine.sync_engine, "before_cursor_execute", self._note)

    def _note(self, connection: Any, cursor: Any, statement: str, parameters: Any, *rest: Any) -> None:
        self._asked.append((statement, parameters))

    async def of(self, read: Awaitable[Any]) -> list[str]:
        self._asked = []
        await read
        asked = list(self._asked)
        assert asked
        return [line for statement, values in asked for line in await self.explain(statement, values)]

    async def explain(self, statement: str, values: Any) -> list[str]:
        if self._engine.dialect.name == "sqlite":
            return await self._lines("EXPLAIN QUERY PLAN " + statement, values)
        # 3,000 rows are few: what may not be used shows whether something better is there.
        without = ("SET LOCAL enable_seqscan = off", "SET LOCAL enable_sort = off")
        lines = await self._lines("EXPLAIN " + statement, values, *without)
        if statement.startswith(
            "SELECT"
        ):  # and what it does when it may do anything, with the rows that it throws away
            lines += await self._lines("EXPLAIN (ANALYZE, TIMING OFF) " + statement, values)
        return lines

    async def _lines(self, statement: str, values: Any, *first: str) -> list[str]:
        async with self._engine.connect() as connection:
            for setting in first:
                await connection.execute(text(setting))
            rows = await connection.exec_driver_sql(statement, tuple(values))
            return [str(row[-1]).strip().removeprefix("->").strip() for row in rows.all()]


def is_bad(line: str) -> bool:
    """Whether a step scans a large table, throws away what it read, or sorts a list: in the words of both engines."""
    return bool(_BAD.match(line))


_LARGE = "session|cdr|command|ocpp_log|audit|token|rejected_message|device_event"
_BAD = re.compile(
    r"SCAN (?!CONSTANT|anon_1)(?!.*INDEX)"
    r"|USE TEMP B-TREE FOR ORDER BY"
    rf"|Seq Scan on ({_LARGE})\b.*rows=\d+ loops"
    r"|Seq Scan on \w+ .*\(cost=1\d{10}"
    r"|Sort  \(cost=1\d{10}"
    r"|Rows Removed by Filter: \d{4}"
)


async def test_the_tables_are_scanned_where_there_is_no_index(network: Store) -> None:
    plans = Plans(network)
    assert any(map(is_bad, await plans.explain("SELECT * FROM session WHERE stop_reason = 'x'", ())))
    assert any(map(is_bad, await plans.explain("SELECT * FROM session ORDER BY stop_reason LIMIT 5", ())))


@pytest.mark.timeout(120)
async def test_nothing_scans_a_table_or_sorts_a_list(store: Store, database_url: str) -> None:
    await fill(store)
    if database_url.startswith("postgresql"):
        await _analyze(database_url)
    plans = Plans(store)
    bad: dict[str, list[str]] = {}
    for name, read in READS.items():
        bad[name] = [line for line in await plans.of(read(store)) if is_bad(line)]
    for name, statement, values in _statements(database_url):
        bad[name] = [line for line in await plans.explain(statement, values) if is_bad(line)]
    assert {name: lines for name, lines in bad.items() if lines} == {}


def _statements(database_url: str) -> list[tuple[str, str, Any]]:
    """What the writer asks: the loading of a pile, and what finds rows by more than a primary key."""
    rows = (
        samples.PROGRESS,
        samples.BOOT,
        SessionSettled(7, NOW),
        extra_rows.Disconnected("pile-1", 1, NOW),
        extra_rows.TailTaken(7, "pile-1", 7),
        extra_rows.PilesOffline("gw-1", NOW),
        extra_rows.SentUnknown("gw-1"),
        extra_rows.LogTrimmed(NOW, 5),
        extra_rows.LoginsExpired(NOW),
    )
    writes = [(type(row).__name__, WRITES[type(row)], row) for row in rows]
    if database_url.startswith("postgresql"):
        loads = [(name, statement, (["pile-1"],)) for name, statement in loading.POSTGRES.items()]
        return [*loads, *[(name, write.postgres, _arrays(write, [row])) for name, write, row in writes]]
    loads_of_one = [(name, statement, ("pile-1",)) for name, statement in loading.SQLITE.items()]
    return [*loads_of_one, *[(name, write.sqlite, write.encode(row)) for name, write, row in writes]]


async def _analyze(url: str) -> None:
    engine = owner(parse(url))
    async with engine.begin() as connection:
        await connection.execute(text("ANALYZE"))
    await engine.dispose()
