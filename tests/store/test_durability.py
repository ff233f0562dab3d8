"""What is acknowledged is there: after kill -9, a full disk, a lock, lost and silent connections, and a change of owner."""

import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest
from tests.store import killed, samples
from tests.store.samples import entry, progress, session

from forecourt.domain.pile import Pile
from forecourt.domain.station import Station
from forecourt.store import postgres
from forecourt.store.commit import Finished, GroupCommit, Limits
from forecourt.store.errors import Status, StoreError
from forecourt.store.sqlite import SqliteEngine, SqliteThread
from forecourt.store.store import Store
from forecourt.store.work import Batch, Connect, Result, Unit

ROOT = Path(__file__).parents[2]


async def prepared(url: str, piles: int = killed.PILES) -> None:
    store = await Store.open(url)
    await store.write(
        Station(id="st-1", name="", lat=0, lon=0),
        *[Pile(id=f"pile-{number}", station_id="st-1") for number in range(1, piles + 1)],
    )
    await store.close()


# ---- kill -9 ----


def acknowledged_before_kill(url: str, lines: int) -> dict[int, int]:
    """Run the child until it has said so much, kill it, and return the last message acknowledged for each pile."""
    command = [sys.executable, "-m", "tests.store.killed", url]
    environment = {**os.environ, "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}"}
    last: dict[int, int] = {}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT, env=environment) as child:
        assert child.stdout is not None
        for count, line in enumerate(child.stdout):
            if count == lines:
                child.send_signal(signal.SIGKILL)
            if line.endswith("\n"):  # the last one may be torn
                number, message = line.split()
                last[int(number)] = int(message)
    assert child.returncode == -signal.SIGKILL
    return last


async def test_kill_9_loses_nothing_that_was_acknowledged_and_tears_no_unit(database_url: str) -> None:
    await prepared(database_url)
    for kill in range(3):
        last = await asyncio.to_thread(acknowledged_before_kill, database_url, 300 + kill * 37)
        store = await Store.open(database_url)
        for number in range(1, killed.PILES + 1):
            found = await store.session(number)
            assert found is not None
            records = await store.meter_records(number)
            assert [record.key for record in records] == list(range(1, found.events + 1))
            assert found.events >= last.get(number, 0)
            assert len(found.readings) == found.events
        await store.close()


# ---- SQLite: a full disk, a lock ----


@pytest.fixture
async def sqlite_store(sqlite_copy: Path) -> AsyncIterator[Store]:
    await prepared(str(sqlite_copy))
    store = await Store.open(sqlite_copy, Limits(retry_s=1.0, backoff_s=0.01, backoff_max_s=0.05))
    yield store
    await store.close()


def limit_pages(store: Store, more: int) -> None:
    """The disk has room for so many pages more."""
    writer = store._writer
    assert isinstance(writer, SqliteThread)
    connection = writer._engine._connection
    [(pages,)] = connection.execute("PRAGMA page_count").fetchall()
    connection.execute(f"PRAGMA max_page_count = {pages + more}").fetchall()


def large(first: int) -> Unit:
    """Some 400 KB."""
    return Unit(tuple(entry(key, 0, 0, data=b"\xa0" + bytes(4000)) for key in range(first, first + 100)))


async def test_a_full_disk_fails_after_a_while_and_heals_by_itself(sqlite_store: Store) -> None:
    await sqlite_store.write(samples.TOKEN)
    limit_pages(sqlite_store, 3)
    results = await asyncio.gather(sqlite_store.do(large(1)), sqlite_store.do(Unit((session(1),))))
    assert [result.status for result in results] == [Status.FAILED, Status.FAILED]
    assert "full" in results[0].error
    assert await sqlite_store.token("AbCd0123") == samples.TOKEN
    assert await sqlite_store.session(1) is None
    with pytest.raises(StoreError, match="failed"):
        await sqlite_store.write(*large(1).rows)
    limit_pages(sqlite_store, 10_000)
    assert (await sqlite_store.do(large(1))).ok
    assert not sqlite_store.commit.failing


async def test_a_disk_that_is_full_for_a_moment_costs_time_only(sqlite_store: Store) -> None:
    limit_pages(sqlite_store, 3)
    written = [asyncio.create_task(sqlite_store.do(unit)) for unit in (large(1), Unit((session(1),)))]
    while not sqlite_store.commit.failing:
        await asyncio.sleep(0.001)
    assert not any(task.done() for task in written)
    limit_pages(sqlite_store, 10_000)
    assert all(result.ok for result in await asyncio.gather(*written))


async def test_a_lock_of_another_program_costs_time_only(sqlite_store: Store, sqlite_copy: Path) -> None:
    other = sqlite3.connect(sqlite_copy, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    written = asyncio.create_task(sqlite_store.do(Unit((session(1),))))
    await asyncio.sleep(0.1)
    assert not written.done()
    other.execute("ROLLBACK")
    assert (await written).ok
    other.close()


async def test_reading_does_not_wait_for_writing(sqlite_store: Store) -> None:
    writing = [asyncio.create_task(sqlite_store.do(Unit((session(number),)))) for number in range(50)]
    for _ in range(20):
        assert (await sqlite_store.overview(samples.NOW, samples.NOW)).piles == killed.PILES
    assert all(result.ok for result in await asyncio.gather(*writing))


def test_a_simulation_runs_the_same_engine_inline(sqlite_copy: Path) -> None:
    """No thread and no loop: the executor runs the batch in a turn of the simulation's own schedule."""
    engine = SqliteEngine(sqlite_copy)
    turns: list[object] = []

    def execute(batch: Batch, finished: Finished) -> None:
        turns.append(lambda: finished(engine.run(batch)))

    commit = GroupCommit(execute, lambda: 0.0, lambda seconds, function: turns.append(function))
    told: list[Result] = []
    commit.submit(
        Unit((Station(id="st-1", name="", lat=0, lon=0), Pile(id="p", station_id="st-1"))), told.append
    )
    commit.submit(Connect("p", "gw-1", "1.6", "", samples.NOW), told.append)
    while turns:
        turn = turns.pop(0)
        assert callable(turn)
        turn()
    engine.close()
    assert [result.status for result in told] == [Status.COMMITTED, Status.COMMITTED]
    assert told[1].value.state.pile.id == "p"


# ---- PostgreSQL: lost and silent connections, two gateways ----


async def terminate_all(url: str) -> None:
    """Cut every connection of Forecourt to this database."""
    connection = await asyncpg.connect(url)
    await connection.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND application_name = 'forecourt'"
    )
    await connection.close()


async def keep_writing(store: Store, number: int, messages: int) -> list[Result]:
    record = await store.connect_pile(f"pile-{number}", "gw-1", "2.0.1", "", samples.NOW)
    assert record is not None
    rows = [
        (entry(key, key, key, session_id=number, pile_id=f"pile-{number}"), progress(number, key))
        for key in range(1, messages + 1)
    ]
    return [await store.do(Unit(unit, f"pile-{number}", record.generation)) for unit in rows]


async def check_written(store: Store, messages: int) -> None:
    for number in range(1, killed.PILES + 1):
        found = await store.session(number)
        assert found is not None
        assert (found.events, len(found.readings)) == (messages, messages)


@pytest.fixture
async def postgres_store(emptied_postgres: str) -> AsyncIterator[Store]:
    await prepared(emptied_postgres)
    store = await Store.open(emptied_postgres)
    await store.write(*[session(number, pile_id=f"pile-{number}") for number in range(1, killed.PILES + 1)])
    yield store
    await store.close()


@pytest.mark.postgres
async def test_connections_that_are_cut_in_the_middle_of_writing_heal(
    postgres_store: Store, emptied_postgres: str
) -> None:
    # However fast the machine: the same messages once more for each cut, which falls while some are still to be written.
    for _ in range(3):
        writing = asyncio.gather(
            *[keep_writing(postgres_store, number, 60) for number in range(1, killed.PILES + 1)]
        )
        await asyncio.sleep(0.02)
        assert not writing.done()
        await terminate_all(emptied_postgres)
        assert all(result.ok for results in await writing for result in results)
    await check_written(postgres_store, 60)


class SilentProxy:
    """Stands between store and server; when silent, it keeps connections open and forwards nothing of them any more."""

    def __init__(self, url: str) -> None:
        self._target = urlsplit(url)
        self._copies: list[asyncio.Task[None]] = []
        self._ends: list[asyncio.StreamWriter] = []
        self.connections = 0

    async def start(self) -> str:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        port = self._server.sockets[0].getsockname()[1]
        user = f"{self._target.username}@" if self._target.username else ""
        return urlunsplit(self._target._replace(netloc=f"{user}127.0.0.1:{port}"))

    def fall_silent(self) -> None:
        for copy in self._copies:
            copy.cancel()
        self._copies.clear()

    async def stop(self) -> None:
        self.fall_silent()
        self._server.close()
        for end in self._ends:
            end.close()
        await asyncio.gather(*[end.wait_closed() for end in self._ends], return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        back, there = await asyncio.open_connection(self._target.hostname, self._target.port or 5432)
        self._ends += [writer, there]
        self._copies += [
            asyncio.create_task(_copy(reader, there)),
            asyncio.create_task(_copy(back, writer)),
        ]


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65_536):
        writer.write(data)
        await writer.drain()
    writer.close()


@pytest.mark.postgres
async def test_a_connection_that_falls_silent_is_given_up_and_made_anew(
    postgres_store: Store, emptied_postgres: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres, "_STATEMENT_S", 0.5)
    proxy = SilentProxy(emptied_postgres)
    store = await Store.open(await proxy.start())
    assert (await store.do(Unit((samples.TOKEN,)))).ok
    before = proxy.connections
    proxy.fall_silent()
    assert (await asyncio.wait_for(store.do(Unit((session(99),))), 15)).ok
    assert proxy.connections > before
    found = await postgres_store.session(99)
    assert found is not None
    await store.close()
    await proxy.stop()


@pytest.mark.postgres
async def test_what_the_old_gateway_committed_is_what_the_new_one_loads(
    postgres_store: Store, emptied_postgres: str
) -> None:
    """DESIGN §4: two gateways hold the same pile one after the other, without a moment in which both can write."""
    gateways = [postgres_store, await Store.open(emptied_postgres)]
    record = await gateways[0].connect_pile("pile-1", "gw-0", "2.0.1", "", samples.NOW)
    assert record is not None
    key = 0
    for turn in range(1, 16):
        old, new = gateways[(turn - 1) % 2], gateways[turn % 2]
        acknowledged: list[int] = []
        units = []
        for _ in range(4):
            key += 1
            row = entry(key, key, key, session_id=1)
            units.append(asyncio.create_task(_write(old, row, record.generation, acknowledged)))
            await asyncio.sleep(0)
        record = await new.connect_pile("pile-1", f"gw-{turn % 2}", "2.0.1", "", samples.NOW)
        assert record is not None
        await asyncio.gather(*units)
        loaded = {reading.register_wh for reading in record.state.sessions[0].readings}
        stored = {message.key for message in await new.meter_records(1)}
        assert loaded == stored
        assert set(acknowledged) <= loaded
    await gateways[1].close()


async def _write(store: Store, row: object, generation: int, acknowledged: list[int]) -> None:
    result = await store.do(Unit((row,), "pile-1", generation))
    assert result.status in (Status.COMMITTED, Status.STALE)
    if result.ok:
        acknowledged.append(row.key)  # type: ignore[attr-defined]
