"""The one that writes: a thread on SQLite, a connection on PostgreSQL."""

import asyncio
import sqlite3
from typing import Protocol

from forecourt.store.commit import Finished
from forecourt.store.database import Database, SqliteFile
from forecourt.store.errors import StoreError
from forecourt.store.postgres import PostgresWriter
from forecourt.store.sqlite import SqliteEngine, SqliteThread
from forecourt.store.work import Batch

_OLDEST_SQLITE = (3, 35)  # RETURNING


class Writer(Protocol):
    """Runs batches, one at a time, until it is closed."""

    def execute(self, batch: Batch, finished: Finished) -> None:
        """Begin; `finished` is called on the loop's thread."""

    async def close(self) -> None:
        """End after what was begun."""


async def open_writer(database: Database) -> Writer:
    """The writer of a database. StoreError if it can't be opened."""
    if isinstance(database, SqliteFile):
        if sqlite3.sqlite_version_info < _OLDEST_SQLITE:
            needed = ".".join(map(str, _OLDEST_SQLITE))
            raise StoreError(f"this Python has SQLite {sqlite3.sqlite_version}; at least {needed} is needed")
        try:
            engine = await asyncio.to_thread(SqliteEngine, database.path)
        except sqlite3.Error as error:
            raise StoreError(f"can't open {database.shown}: {error}") from None
        return SqliteThread(engine, asyncio.get_running_loop().call_soon_threadsafe)
    return PostgresWriter(database)
