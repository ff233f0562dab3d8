"""The SQLite writer: one connection, one thread; only it writes and checkpoints (DESIGN §4).

The hot statements are run over a whole batch by the driver; nothing else is as fast.
"""

import asyncio
import queue
import sqlite3
import threading
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

from forecourt.store import loading
from forecourt.store.codec import encode_time
from forecourt.store.commit import Finished
from forecourt.store.errors import EngineError
from forecourt.store.records import PileRecord
from forecourt.store.work import (
    COMMITTED,
    STALE,
    Batch,
    Call,
    Claim,
    Connect,
    ReserveIds,
    Result,
    Status,
    Unit,
)
from forecourt.store.writes import WRITES

# The errors that are the row's own fault; other sqlite3.Errors are the engine's.
_DATA_ERRORS = (sqlite3.IntegrityError, sqlite3.DataError, sqlite3.ProgrammingError, sqlite3.InterfaceError)
_UNIQUE = {"SQLITE_CONSTRAINT_UNIQUE", "SQLITE_CONSTRAINT_PRIMARYKEY"}
_PRAGMAS = (
    "journal_mode = WAL",
    "synchronous = FULL",  # in the WAL, every commit is on the disk before it is told
    "foreign_keys = ON",
    "busy_timeout = 5000",
    "cache_size = -65536",
    "wal_autocheckpoint = 4000",
    "journal_size_limit = 67108864",
    "temp_store = MEMORY",
)
T = TypeVar("T")
_RANK = {kind: rank for rank, kind in enumerate(WRITES)}
_CLAIM = "UPDATE command SET state = ?3, sent_at = ?4 WHERE id = ?1 AND state = ?2"
_RESERVE = (
    "INSERT INTO id_range (name, next) VALUES (?1, 1 + ?2) ON CONFLICT (name)"
    " DO UPDATE SET next = CASE WHEN next + ?2 > ?3 + 1 THEN 1 + ?2 ELSE next + ?2 END RETURNING next - ?2"
)
_CLAIM_LOST = Result(Status.CONFLICT, "the command is no longer in the expected state")


class SqliteEngine:
    """Runs batches on its connection. Raises sqlite3.Error when the file can't be opened."""

    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._connection.execute("PRAGMA busy_timeout = 5000")
        for pragma in _PRAGMAS:
            self._connection.execute(f"PRAGMA {pragma}").fetchall()
        self._generations: dict[str, int] = {}

    def close(self) -> None:
        self._connection.close()

    def run(self, batch: Batch) -> Sequence[Result] | EngineError:
        """Commit a batch: all at once, or unit by unit when the data of one is at fault."""
        try:
            try:
                return self._transaction(batch, self._together)
            except sqlite3.Error as error:
                if not isinstance(error, _DATA_ERRORS):
                    raise
            except Exception:  # noqa: S110  (whatever a row's conversion raises: the replay finds whose it is)
                pass
            return self._transaction(batch, self._one_by_one)
        except sqlite3.Error as error:
            return EngineError(f"SQLite: {error}")

    def _transaction(self, batch: Batch, run: Callable[[Batch], list[Result]]) -> Sequence[Result]:
        connection = self._connection
        try:
            connection.execute("BEGIN IMMEDIATE")
            results = run(batch)
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
        self._remember(batch.calls, results[len(batch.units) :])
        return results

    def _remember(self, calls: Sequence[Call], results: Sequence[Result]) -> None:
        for call, result in zip(calls, results, strict=True):
            if isinstance(call, Connect) and result.value is not None:
                self._generations[call.pile_id] = result.value.generation

    def _together(self, batch: Batch) -> list[Result]:
        results = self._put_units(batch.units)
        results += [self._called(call) for call in batch.calls]
        self._put_rows(batch.lossy)
        return results

    def _one_by_one(self, batch: Batch) -> list[Result]:
        results = [self._guarded(self._put_unit, unit) for unit in batch.units]
        results += [self._guarded(self._called, call) for call in batch.calls]
        self._guarded(self._put_lossy, batch.lossy)
        return results

    def _guarded(self, do: Callable[[T], Result], work: T) -> Result:
        """Run a part of the transaction that, if its data is at fault, leaves no trace."""
        self._connection.execute("SAVEPOINT part")
        try:
            result = do(work)
        except Exception as error:
            if isinstance(error, sqlite3.Error) and not isinstance(error, _DATA_ERRORS):
                raise
            self._connection.execute("ROLLBACK TO part")
            result = _refused(error)
        self._connection.execute("RELEASE part")
        return result

    def _put_unit(self, unit: Unit) -> Result:
        return self._put_units([unit])[0]

    def _put_units(self, units: Sequence[Unit]) -> list[Result]:
        results = []
        rows: list[Any] = []
        for unit in units:
            refusal = self._refusal(unit)
            results.append(refusal or COMMITTED)
            if refusal is None:
                rows.extend(unit.rows)
        self._put_rows(rows)
        return results

    def _refusal(self, unit: Unit) -> Result | None:
        if unit.generation and self._generation(unit.pile_id) != unit.generation:
            return STALE
        if unit.claim is not None and not self._claimed(unit.claim):
            return _CLAIM_LOST
        return None

    def _generation(self, pile_id: str) -> int:
        known = self._generations.get(pile_id)
        if known is None:
            query = "SELECT generation FROM pile_owner WHERE pile_id = ?"
            found = self._connection.execute(query, (pile_id,)).fetchone()
            known = self._generations[pile_id] = found[0] if found else 0
        return known

    def _claimed(self, claim: Claim) -> bool:
        values = (claim.command_id, claim.expected.value, claim.to.value, encode_time(claim.at))
        return self._connection.execute(_CLAIM, values).rowcount == 1

    def _put_rows(self, rows: Sequence[Any]) -> None:
        kinds: defaultdict[type, list[Any]] = defaultdict(list)
        for row in rows:
            kinds[type(row)].append(row)
        for kind in sorted(kinds, key=_RANK.__getitem__) if len(kinds) > 1 else kinds:
            write = WRITES[kind]
            self._connection.executemany(write.sqlite, map(write.encode, kinds[kind]))

    def _put_lossy(self, rows: Sequence[Any]) -> Result:
        self._put_rows(rows)
        return COMMITTED

    def _called(self, call: Call) -> Result:
        if isinstance(call, ReserveIds):
            values = (call.name, call.count, call.last)
            return Result(Status.COMMITTED, value=self._connection.execute(_RESERVE, values).fetchone()[0])
        generation = self._raised(call) if isinstance(call, Connect) else self._generation(call.pile_id)
        value = self._loaded(call.pile_id, generation) if generation else None
        return Result(Status.COMMITTED, value=value)

    def _raised(self, call: Connect) -> int:
        raised = self._connection.execute(loading.SQLITE_RAISE, loading.values_of(call)).fetchall()
        self._connection.execute(loading.SQLITE_LOST, (call.pile_id,))
        return raised[0][1] if raised else 0

    def _loaded(self, pile_id: str, generation: int) -> PileRecord:
        rows = {
            name: [row[1:] for row in self._connection.execute(text, (pile_id,)).fetchall()]
            for name, text in loading.SQLITE.items()
        }
        return loading.assemble(generation, rows)


def _refused(error: Exception) -> Result:
    unique = isinstance(error, sqlite3.IntegrityError) and error.sqlite_errorname in _UNIQUE
    return Result(Status.CONFLICT if unique else Status.DATA_ERROR, f"{type(error).__name__}: {error}")


class SqliteThread:
    """Runs an engine's batches in a thread of its own; `post` calls a function in the caller's thread."""

    def __init__(self, engine: SqliteEngine, post: Callable[..., object]) -> None:
        self._engine = engine
        self._post = post
        self._batches: queue.SimpleQueue[tuple[Batch, Finished] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="forecourt-sqlite", daemon=True)
        self._thread.start()

    def execute(self, batch: Batch, finished: Finished) -> None:
        self._batches.put((batch, finished))

    async def close(self) -> None:
        """End the thread after what was given to it, and close the file."""
        self._batches.put(None)
        await asyncio.to_thread(self._thread.join)
        self._engine.close()

    def _run(self) -> None:
        while (job := self._batches.get()) is not None:
            batch, finished = job
            self._post(finished, self._engine.run(batch))
