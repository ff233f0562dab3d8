"""The store: opened once, handed to every service. The one way in and out of the database."""

import asyncio
import time
from collections.abc import Callable, Iterable
from datetime import datetime
from pathlib import Path
from typing import Any, Self

from forecourt.domain.command import CommandState
from forecourt.domain.outcome import PileState
from forecourt.store import compaction, extra_rows, migrate
from forecourt.store.commit import GroupCommit, Limits
from forecourt.store.database import Database, parse, reader
from forecourt.store.errors import Status, WriteError
from forecourt.store.log import DELAY_S, Lossy, LossyLog
from forecourt.store.measured import Measured
from forecourt.store.outage import Spoken
from forecourt.store.reads.accounts import AccountReads
from forecourt.store.reads.billing import BillingReads
from forecourt.store.reads.commands import CommandReads
from forecourt.store.reads.evidence import EvidenceReads
from forecourt.store.reads.overview import OverviewReads
from forecourt.store.reads.piles import PileReads
from forecourt.store.reads.reader import Reader
from forecourt.store.reads.sessions import SessionReads
from forecourt.store.reads.stations import StationReads
from forecourt.store.records import PileRecord
from forecourt.store.work import Claim, Connect, Load, ReserveIds, Result, Unit, Work
from forecourt.store.writer import Writer, open_writer

# OCPP 1.6 transaction ids are signed 32-bit numbers: they begin anew at 1. No other range comes to its end.
LAST_IDS = {"transaction": 2**31 - 1}
_LAST_ID = 2**62


class Store(
    AccountReads,
    BillingReads,
    CommandReads,
    EvidenceReads,
    OverviewReads,
    PileReads,
    SessionReads,
    StationReads,
):
    """All reads are methods of its own; what is to be written goes through `commit`, or `write` where it is waited for.

    Reads see what is committed. Every method that asks the database raises StoreError when it can't be asked.
    """

    def __init__(self, database: Database, writer: Writer, reader: Reader, limits: Limits) -> None:
        self._loop = asyncio.get_running_loop()
        self._database = database
        self._writer = writer
        self._reader = reader
        self._compaction_cursor: tuple[int, str] = compaction.START

        self._log = LossyLog(self._flush_log_soon)
        self.transactions = Measured(Spoken(writer.execute, database.shown), time.monotonic)
        self.commit = GroupCommit(self.transactions, time.monotonic, self._later, self._log.take, limits)

    @classmethod
    async def open(cls, url: str | Path, limits: Limits = Limits()) -> Self:  # noqa: B008  (frozen)
        """Open a database: a path, `sqlite:///path` or `postgresql://…`; in an empty one the schema is made.

        StoreError, in one line: no such server, no right to write, an older or a newer schema.
        """
        database = parse(url)
        await migrate.make_or_check(database)
        return cls(database, await open_writer(database), Reader(reader(database)), limits)

    @staticmethod
    async def migrate(url: str | Path) -> str:
        """Bring a database to this version's schema and say in a line what was done. StoreError as `open`."""
        before, after = await migrate.migrate(url)
        shown = parse(url).shown
        if before == after:
            return f"{shown} is up to date (revision {after})"
        return f"{shown}: {'made at' if before is None else f'from revision {before} to'} revision {after}"

    async def close(self) -> None:
        """Refuse new work, write what is pending, end threads and connections."""
        self.commit.close()
        await self.flush()
        # The writer last: the last connection to close is the one that may merge SQLite's log into the database.
        await self._reader.close()
        await self._writer.close()

    async def flush(self) -> None:
        """Wait until nothing is pending."""
        idle = asyncio.get_running_loop().create_future()
        self.commit.when_idle(lambda: idle.set_result(None))
        await idle

    # ---- writing ----

    async def write(self, *rows: Any) -> None:
        """Write rows together and wait until they are durable. WriteError (a StoreError): they were not committed."""
        await self._done(Unit(rows))

    async def do(self, work: Work) -> Result:
        """Hand a unit or a call to the group commit and wait for its result."""
        ended: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self.commit.submit(work, lambda result: None if ended.done() else ended.set_result(result))
        return await ended

    async def _done(self, work: Work) -> Any:
        result = await self.do(work)
        if result.status is not Status.COMMITTED:
            raise WriteError(result.status, result.error)
        return result.value

    def log(self, entries: Iterable[Lossy]) -> None:
        """Write entries of the OCPP log or counts of repairs when there is time; they may be lost, never in the way."""
        self._log.put(entries)

    @property
    def log_dropped(self) -> int:
        """How many entries were lost because the queue was full."""
        return self._log.dropped

    def _flush_log_soon(self) -> None:
        self._later(DELAY_S, self.commit.nudge)

    def _later(self, seconds: float, function: Callable[[], None]) -> object:
        return self._loop.call_later(seconds, function) if seconds else self._loop.call_soon(function)

    # ---- ownership ----

    async def connect_pile(
        self, pile_id: str, gateway_id: str, version: str, address: str, now: datetime
    ) -> PileRecord | None:
        """Make the gateway the pile's owner with a new generation, and load its state; None: there is no such pile."""
        record: PileRecord | None = await self._done(Connect(pile_id, gateway_id, version, address, now))
        return record

    async def disconnect_pile(self, pile_id: str, generation: int, now: datetime) -> None:
        """Record that this connection has ended; nothing happens if there is a newer one."""
        await self.write(extra_rows.Disconnected(pile_id, generation, now))

    async def pile_state(self, pile_id: str) -> PileState | None:
        """The state of a connected pile as it is in the database."""
        record: PileRecord | None = await self._done(Load(pile_id))
        return record.state if record else None

    async def mark_gateway_down(self, gateway_id: str, now: datetime) -> None:
        """When a gateway starts: none of its piles is connected, and what it had sent is unknown."""
        await self.write(extra_rows.SentUnknown(gateway_id), extra_rows.PilesOffline(gateway_id, now))

    async def claim_command(
        self, command_id: str, expected: CommandState, to: CommandState, now: datetime
    ) -> bool:
        """Compare-and-set a command's state; False: it was not in the state expected. WriteError: the engine failed."""
        result = await self.do(Unit((), claim=Claim(command_id, expected, to, now)))
        if result.status is Status.FAILED:
            raise WriteError(result.status, result.error)
        return result.ok

    async def reserve_ids(self, name: str, count: int) -> int:
        """Reserve `count` ids of a range and return the first. Never given twice, unless the range begins anew."""
        first: int = await self._done(ReserveIds(name, count, LAST_IDS.get(name, _LAST_ID)))
        return first

    # ---- housekeeping ----

    async def compact(self, limit: int) -> int:
        """Turn meter tails into at most `limit` blocks; return how many. Call it again if it was `limit`."""
        made, self._compaction_cursor = await compaction.compact(
            self._reader, self.do, self._compaction_cursor, limit
        )
        return made

    async def trim_log(self, before: datetime, limit: int = 10_000) -> None:
        """Forget the oldest entries of the OCPP log that are older than `before`, at most `limit` of them."""
        await self.write(extra_rows.LogTrimmed(before, limit))

    async def forget_logins(self, now: datetime) -> None:
        """Forget the logins that have expired."""
        await self.write(extra_rows.LoginsExpired(now))

    async def put_instance_value(self, key: str, value: str) -> None:
        """Keep a fact about this installation."""
        await self.write(extra_rows.InstanceValue(key, value))
