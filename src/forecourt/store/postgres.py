"""The PostgreSQL writer: one connection, one transaction at a time, every kind of row in one statement for the batch."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

import asyncpg

from forecourt.store import loading
from forecourt.store.codec import encode_time
from forecourt.store.commit import Finished
from forecourt.store.database import PostgresServer, connect_postgres
from forecourt.store.errors import EngineError
from forecourt.store.records import PileRecord
from forecourt.store.work import (
    COMMITTED,
    STALE,
    Batch,
    Call,
    Claim,
    Connect,
    Load,
    ReserveIds,
    Result,
    Status,
    Unit,
)
from forecourt.store.writes import WRITES, Write

T = TypeVar("T")
# The errors that are the row's own fault: constraints, values (class 22, also what the driver can't encode), row too
# large for an index. Any other error of server or driver is the engine's.
_DATA_ERRORS = (
    asyncpg.IntegrityConstraintViolationError,
    asyncpg.DataError,
    asyncpg.exceptions.ProgramLimitExceededError,
)
_ENGINE_ERRORS = (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError)
_RANK = {kind: rank for rank, kind in enumerate(WRITES)}
_STATEMENT_S = 10.0  # one hanging statement leaves time for another try (`commit.Limits.retry_s`)

# DESIGN §4: a connecting pile's new generation waits until the batches of its old one have committed.
_LOCK_OWNERS = (
    "SELECT pile_id, generation FROM pile_owner WHERE pile_id = ANY($1::text[]) ORDER BY pile_id FOR SHARE"
)
_GENERATION = "SELECT generation FROM pile_owner WHERE pile_id = $1"
_CLAIM = "UPDATE command SET state = $3, sent_at = $4 WHERE id = $1 AND state = $2"
_CLAIM_LOST = Result(Status.CONFLICT, "the command is no longer in the expected state")
_RESERVE = (
    "INSERT INTO id_range AS r (name, next) VALUES ($1, 1 + $2::bigint) ON CONFLICT (name)"
    " DO UPDATE SET next = CASE WHEN r.next + $2 > $3::bigint + 1 THEN 1 + $2 ELSE r.next + $2 END RETURNING next - $2"
)
_DURABLE = "SET synchronous_commit = on"


class PostgresWriter:
    """Runs batches on a connection of its own, which it makes anew after every error of the engine."""

    def __init__(self, database: PostgresServer) -> None:
        self._database = database
        self._connection: asyncpg.Connection | None = None
        self._task: asyncio.Task[None] | None = None

    def execute(self, batch: Batch, finished: Finished) -> None:
        self._task = asyncio.create_task(self._run(batch, finished), name="forecourt postgres writer")

    async def close(self) -> None:
        if self._task is not None:
            await self._task
        if self._connection is not None:
            await self._connection.close()

    async def _run(self, batch: Batch, finished: Finished) -> None:
        finished(await self._outcome(batch))

    async def _outcome(self, batch: Batch) -> Sequence[Result] | EngineError:
        try:
            try:
                return await self._transaction(batch, self._together)
            except Exception as error:
                if _is_engine(error):
                    raise
            return await self._transaction(batch, self._one_by_one)
        except _ENGINE_ERRORS as error:
            self._drop()
            return EngineError(f"PostgreSQL: {error or type(error).__name__}")

    async def _transaction(
        self, batch: Batch, run: Callable[[asyncpg.Connection, Batch], Awaitable[list[Result]]]
    ) -> list[Result]:
        connection = await self._connected()
        async with connection.transaction():
            return await run(connection, batch)

    async def _connected(self) -> asyncpg.Connection:
        if self._connection is None or self._connection.is_closed():
            self._connection = await connect_postgres(self._database, _STATEMENT_S)
            if await self._connection.fetchval("SHOW synchronous_commit") == "off":
                await self._connection.execute(_DURABLE)
        return self._connection

    def _drop(self) -> None:
        if self._connection is not None:
            self._connection.terminate()
            self._connection = None

    async def _together(self, connection: asyncpg.Connection, batch: Batch) -> list[Result]:
        results = await _put_units(connection, batch.units)
        results += await _called(connection, batch.calls)
        await _put_rows(connection, batch.lossy)
        return results

    async def _one_by_one(self, connection: asyncpg.Connection, batch: Batch) -> list[Result]:
        results = [await _guarded(connection, _put_units, unit) for unit in batch.units]
        results += [await _guarded(connection, _called, call) for call in batch.calls]
        await _guarded(connection, _put_lossy, batch.lossy)
        return results


def _is_engine(error: Exception) -> bool:
    return isinstance(error, _ENGINE_ERRORS) and not isinstance(error, _DATA_ERRORS)


async def _guarded(
    connection: asyncpg.Connection,
    do: Callable[[asyncpg.Connection, Sequence[T]], Awaitable[list[Result]]],
    work: T,
) -> Result:
    """Run a part of the transaction that, if its data is at fault, leaves no trace (a savepoint)."""
    try:
        async with connection.transaction():
            return (await do(connection, [work]))[0]
    except Exception as error:
        if _is_engine(error):
            raise
        unique = isinstance(error, asyncpg.UniqueViolationError)
        words = " ".join(f"{type(error).__name__}: {error}".split())
        return Result(Status.CONFLICT if unique else Status.DATA_ERROR, words)


async def _put_units(connection: asyncpg.Connection, units: Sequence[Unit]) -> list[Result]:
    generations = await _locked(connection, units)
    results = []
    rows: list[Any] = []
    for unit in units:
        refusal = await _refusal(connection, unit, generations)
        results.append(refusal or COMMITTED)
        if refusal is None:
            rows.extend(unit.rows)
    await _put_rows(connection, rows)
    return results


async def _locked(connection: asyncpg.Connection, units: Sequence[Unit]) -> dict[str, int]:
    """The generations of the batch's piles, which can't change before it has committed."""
    piles = [unit.pile_id for unit in units if unit.generation]
    if not piles:
        return {}
    return dict(await connection.fetch(_LOCK_OWNERS, piles))


async def _refusal(connection: asyncpg.Connection, unit: Unit, generations: dict[str, int]) -> Result | None:
    if unit.generation and generations.get(unit.pile_id) != unit.generation:
        return STALE
    if unit.claim is not None and not await _claimed(connection, unit.claim):
        return _CLAIM_LOST
    return None


async def _claimed(connection: asyncpg.Connection, claim: Claim) -> bool:
    values = (claim.command_id, claim.expected.value, claim.to.value, encode_time(claim.at))
    done: str = await connection.execute(_CLAIM, *values)
    return done == "UPDATE 1"


async def _put_rows(connection: asyncpg.Connection, rows: Sequence[Any]) -> None:
    kinds: defaultdict[type, list[Any]] = defaultdict(list)
    for row in rows:
        kinds[type(row)].append(row)
    for kind in sorted(kinds, key=_RANK.__getitem__):
        write = WRITES[kind]
        await connection.execute(write.postgres, *_arrays(write, kinds[kind]))


def _arrays(write: Write, rows: Sequence[Any]) -> list[Sequence[Any]]:
    """One array for each column. A statement takes a key once only: the last, or what is there stays as it was first put."""
    values = [write.encode(row) for row in rows]
    if write.key is not None and len(values) > 1:
        ordered = reversed(values) if write.first else values
        values = list({write.key(row): row for row in ordered}.values())
    return list(zip(*values, strict=True))


async def _put_lossy(connection: asyncpg.Connection, rows: Sequence[Sequence[Any]]) -> list[Result]:
    await _put_rows(connection, rows[0])
    return [COMMITTED]


async def _called(connection: asyncpg.Connection, calls: Sequence[Call]) -> list[Result]:
    generations = await _raised(connection, [call for call in calls if isinstance(call, Connect)])
    for call in calls:
        if isinstance(call, Load) and (known := await connection.fetchval(_GENERATION, call.pile_id)):
            generations[call.pile_id] = known
    records = await _loaded(connection, generations)
    return [Result(Status.COMMITTED, value=await _value(connection, call, records)) for call in calls]


async def _value(
    connection: asyncpg.Connection, call: Call, records: dict[str, PileRecord]
) -> PileRecord | int | None:
    if isinstance(call, ReserveIds):
        first: int = await connection.fetchval(_RESERVE, call.name, call.count, call.last)
        return first
    return records.get(call.pile_id)


async def _raised(connection: asyncpg.Connection, calls: Sequence[Connect]) -> dict[str, int]:
    if not calls:
        return {}
    arrays = zip(*map(loading.values_of, calls), strict=True)
    raised = dict(await connection.fetch(loading.POSTGRES_RAISE, *arrays))
    await connection.execute(loading.POSTGRES_LOST, list(raised))
    return raised


async def _loaded(connection: asyncpg.Connection, generations: dict[str, int]) -> dict[str, PileRecord]:
    if not generations:
        return {}
    found: dict[str, dict[str, list[Any]]] = {
        pile_id: {name: [] for name in loading.POSTGRES} for pile_id in generations
    }
    for name, text in loading.POSTGRES.items():
        for pile_id, *row in await connection.fetch(text, list(generations)):
            found[pile_id][name].append(row)
    return {pile_id: loading.assemble(generations[pile_id], rows) for pile_id, rows in found.items()}
