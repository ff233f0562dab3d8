"""Which database: a file of SQLite, or a PostgreSQL server; and the connections to it."""

import os
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote, urlsplit, urlunsplit

import asyncpg
import msgspec
from sqlalchemy import URL, event
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import AsyncAdaptedQueuePool, NullPool

from forecourt.store.errors import StoreError

CONNECT_S = 5.0
STATEMENT_S = 15.0
MIGRATION_S = 3600.0
READERS = 4


class SqliteFile(msgspec.Struct, frozen=True):
    """A database in a file."""

    path: Path

    @property
    def shown(self) -> str:
        return f"the database {self.path}"


class PostgresServer(msgspec.Struct, frozen=True):
    """A database on a server; `url` as libpq knows it."""

    url: str

    @property
    def shown(self) -> str:
        """The URL without its password."""
        parts = urlsplit(self.url)
        host = parts.netloc.rpartition("@")[2]
        user = f"{parts.username}@" if parts.username else ""
        return urlunsplit((parts.scheme, user + host, parts.path, "", ""))


Database = SqliteFile | PostgresServer


def parse(url: str | Path) -> Database:
    """The database that a path (as text with a slash in it), `sqlite:///path` or `postgresql://…` names. StoreError otherwise."""
    if isinstance(url, Path):
        return SqliteFile(url)
    scheme, separator, rest = url.partition("://")
    if not separator and "/" in url:
        return SqliteFile(Path(url).expanduser())
    if scheme == "sqlite" and rest.startswith("/") and len(rest) > 1:
        return SqliteFile(Path(unquote(rest[1:])).expanduser())
    if scheme in ("postgresql", "postgres"):
        return PostgresServer(url)
    raise StoreError(f"{url!r} names no database: use sqlite:///path/to/file or postgresql://user@host/name")


def make_folder(database: SqliteFile) -> None:
    """Make the folder of the file. StoreError if that, or writing into it, is not allowed."""
    folder = database.path.parent
    try:
        folder.mkdir(parents=True, exist_ok=True)
        # Only if it is not there: closing a file drops the locks that SQLite holds on it anywhere in the process.
        if not (database.path.is_file() and os.access(database.path, os.W_OK)):
            database.path.open("ab").close()
    except OSError as error:
        raise StoreError(f"can't write the database {database.path}: {error.strerror or error}") from None


def reader(database: Database) -> AsyncEngine:
    """A pool of connections that read."""
    if isinstance(database, PostgresServer):
        return _postgres_engine(database, STATEMENT_S, pool_size=READERS, pool_pre_ping=True)
    return _sqlite_engine(database, "ro", poolclass=AsyncAdaptedQueuePool, pool_size=READERS)


def owner(database: Database) -> AsyncEngine:
    """Connections that change the schema, in transactions that they really begin."""
    if isinstance(database, PostgresServer):
        return _postgres_engine(database, MIGRATION_S, poolclass=NullPool)
    engine = _sqlite_engine(database, "rwc", poolclass=NullPool)
    event.listen(engine.sync_engine, "begin", _begin)
    return engine


def _begin(connection: Any) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _sqlite_engine(database: SqliteFile, mode: str, **options: Any) -> AsyncEngine:
    file = f"file:{quote(str(database.path.absolute()))}"
    url = URL.create("sqlite+aiosqlite", database=file, query={"mode": mode, "uri": "true"})
    return create_async_engine(url, connect_args={"isolation_level": None, "timeout": 5}, **options)


def _postgres_engine(database: PostgresServer, statement_s: float, **options: Any) -> AsyncEngine:
    async def connect() -> asyncpg.Connection:
        return await connect_postgres(database, statement_s)

    return create_async_engine("postgresql+asyncpg://", async_creator=connect, **options)


async def connect_postgres(database: PostgresServer, statement_s: float) -> asyncpg.Connection:
    """A connection that gives up: on connecting, on a statement, and, at the server, on a client that is gone."""
    return await asyncpg.connect(
        database.url,
        timeout=CONNECT_S,
        command_timeout=statement_s,
        server_settings={
            "application_name": "forecourt",
            "jit": "off",  # for statements of a millisecond
            "statement_timeout": str(round(statement_s * 1000)),
            "idle_in_transaction_session_timeout": "15000",
        },
    )
