"""Bring a database to the schema of this version, and tell one that is not at it."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import asyncpg
from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.exc import SQLAlchemyError

from forecourt.store.database import Database, SqliteFile, make_folder, owner, parse
from forecourt.store.errors import StoreError

VERSION_TABLE = "forecourt_version"
_FOLDER = Path(__file__).parent / "migrations"
_LOCK = 0x466F7265636F7572  # one process at a time changes a server's schema
_ENGINE_ERRORS = (SQLAlchemyError, asyncpg.PostgresError, asyncpg.InterfaceError, OSError)
T = TypeVar("T")


async def migrate(url: str | Path) -> tuple[str | None, str]:
    """Bring the database to this version's schema; a new one is made. Returns the revisions before and after.

    StoreError: no server, no right to write, no database of ours, or one made by a newer version.
    """
    return await _run(parse(url), _upgraded)


async def make_or_check(database: Database) -> None:
    """Make the schema in an empty database. StoreError if there is one of an older or newer version."""
    await _run(database, _current)


async def _run(database: Database, work: Callable[[Connection], T]) -> T:
    if isinstance(database, SqliteFile):
        make_folder(database)
    engine = owner(database)
    try:
        async with engine.begin() as connection:
            return await connection.run_sync(work)
    except _ENGINE_ERRORS as error:
        raise StoreError(f"can't open {database.shown}: {explain(error)}") from None
    finally:
        await engine.dispose()


def _upgraded(connection: Connection) -> tuple[str | None, str]:
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
    before, head = _revision(connection), _head()
    _refuse_newer(before)
    if before != head:
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
    return before, head


def _current(connection: Connection) -> None:
    revision, head = _revision(connection), _head()
    _refuse_newer(revision)
    if revision is None:
        _upgraded(connection)
    elif revision != head:
        raise StoreError(
            f"the database is at revision {revision}, this version needs {head}: run `forecourt migrate`"
        )


def _refuse_newer(revision: str | None) -> None:
    known = {script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()}
    if revision is not None and revision not in known:
        raise StoreError(
            f"the database is at revision {revision}, which a newer version of Forecourt made: upgrade"
        )


def _revision(connection: Connection) -> str | None:
    return MigrationContext.configure(
        connection, opts={"version_table": VERSION_TABLE}
    ).get_current_revision()


def _head() -> str:
    head = ScriptDirectory.from_config(_config()).get_current_head()
    assert head is not None  # the package contains its migrations
    return head


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    return config


def explain(error: BaseException) -> str:
    """The engine's words, on one line."""
    original = getattr(error, "orig", None) or error
    words = str(original).strip() or type(original).__name__
    return " ".join(words.split())
