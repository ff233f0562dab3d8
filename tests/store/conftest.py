"""The store's tests run on SQLite and on a real PostgreSQL with the same test functions."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from tests.conftest import FreshDatabase

from forecourt.domain.pile import Pile
from forecourt.domain.station import Station
from forecourt.store import schema
from forecourt.store.store import Store

BOTH = ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]


@pytest.fixture(params=BOTH)
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a database without a schema."""
    if request.param == "postgres":
        return str(request.getfixturevalue("postgres_url"))
    return f"sqlite:///{tmp_path / 'forecourt.sqlite3'}"


@pytest.fixture(params=BOTH)
def database_url(request: pytest.FixtureRequest) -> str:
    """The URL of a database with an empty schema."""
    if request.param == "postgres":
        return str(request.getfixturevalue("emptied_postgres"))
    return f"sqlite:///{request.getfixturevalue('sqlite_copy')}"


@pytest.fixture
def sqlite_copy(sqlite_with_schema: Path, tmp_path: Path) -> Path:
    """A file with an empty schema."""
    return Path(shutil.copy(sqlite_with_schema, tmp_path / "forecourt.sqlite3"))


@pytest.fixture
def emptied_postgres(postgres_with_schema: str) -> str:
    """The URL of a PostgreSQL database with an empty schema."""
    _in_a_thread(_emptied(postgres_with_schema))
    return postgres_with_schema


@pytest.fixture(scope="session")
def sqlite_with_schema(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("store") / "forecourt.sqlite3"
    _in_a_thread(Store.migrate(path))
    return path


@pytest.fixture(scope="session")
def postgres_with_schema(fresh_postgres: FreshDatabase) -> Iterator[str]:
    with fresh_postgres() as url:
        _in_a_thread(Store.migrate(url))
        yield url


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[Store]:
    """An open store with an empty schema."""
    opened = await Store.open(database_url)
    yield opened
    await opened.close()


@pytest.fixture
async def network(store: Store) -> Store:
    """The store with one station and three piles, pile-1 to pile-3."""
    station = Station(id="st-1", name="One", lat=31.2, lon=121.5)
    await store.write(station, *[Pile(id=f"pile-{number}", station_id="st-1") for number in (1, 2, 3)])
    return store


async def _emptied(url: str) -> None:
    connection = await asyncpg.connect(url)
    tables = reversed(schema.metadata.sorted_tables)
    await connection.execute(
        ";".join(f"DELETE FROM {table.name}" for table in tables)
    )  # quicker than TRUNCATE
    await connection.close()


def _in_a_thread(work: Any) -> None:
    with ThreadPoolExecutor(1) as pool:
        pool.submit(asyncio.run, work).result()
