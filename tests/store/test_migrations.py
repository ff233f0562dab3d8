"""The migrations lead to exactly the schema, on both engines; other versions and broken places are told in one line."""

from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, text
from tests.store import samples

from forecourt.store import schema
from forecourt.store.database import owner, parse
from forecourt.store.errors import StoreError
from forecourt.store.migrate import VERSION_TABLE, migrate
from forecourt.store.store import Store


def differences(connection: Connection) -> list[Any]:
    options = {
        "version_table": VERSION_TABLE,
        "compare_type": True,
        "compare_server_default": True,
    }
    return list(compare_metadata(MigrationContext.configure(connection, opts=options), schema.metadata))


async def run(url: str, work: Any) -> Any:
    engine = owner(parse(url))
    async with engine.begin() as connection:
        found = await connection.run_sync(work)
    await engine.dispose()
    return found


async def test_the_migrations_make_the_schema(empty_url: str) -> None:
    before, after = await migrate(empty_url)
    assert before is None
    assert await run(empty_url, differences) == []
    assert await migrate(empty_url) == (after, after)


async def test_the_comparison_sees_a_difference(empty_url: str) -> None:
    await migrate(empty_url)
    await run(empty_url, lambda connection: connection.execute(text("DROP INDEX ix_session_started")))
    await run(
        empty_url, lambda connection: connection.execute(text("ALTER TABLE pile ADD COLUMN extra TEXT"))
    )
    assert len(await run(empty_url, differences)) == 2


async def test_sessions_leave_room_on_their_pages(postgres_url: str) -> None:
    await migrate(postgres_url)
    query = text("SELECT reloptions FROM pg_class WHERE relname = 'session'")
    found = await run(postgres_url, lambda connection: connection.execute(query).scalar())
    assert found == ["fillfactor=80"]


async def test_an_empty_database_is_made_when_it_is_opened(empty_url: str) -> None:
    store = await Store.open(empty_url)
    await store.write(samples.STATION)
    await store.close()
    again = await Store.open(empty_url)
    assert await again.station("st-1") == samples.STATION
    await again.close()
    assert "is up to date" in await Store.migrate(empty_url)


async def test_what_migrate_says(empty_url: str) -> None:
    assert "made at revision 0001" in await Store.migrate(empty_url)


@pytest.mark.parametrize(
    ("revision", "words"),
    [("9999", "a newer version of Forecourt"), ("0000", "a newer version of Forecourt")],
)
async def test_a_database_of_another_version_is_refused(empty_url: str, revision: str, words: str) -> None:
    await migrate(empty_url)
    change = text(f"UPDATE {VERSION_TABLE} SET version_num = :revision").bindparams(revision=revision)
    await run(empty_url, lambda connection: connection.execute(change))
    for opening in (Store.open(empty_url), migrate(empty_url)):
        with pytest.raises(StoreError, match=words) as caught:
            await opening
        assert "\n" not in str(caught.value)


async def test_a_database_of_an_older_version_says_what_to_do(
    empty_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await migrate(empty_url)
    monkeypatch.setattr("forecourt.store.migrate._head", lambda: "0002")
    with pytest.raises(StoreError, match=r"revision 0001, this version needs 0002: run `forecourt migrate`"):
        await Store.open(empty_url)


async def test_a_migration_that_fails_leaves_nothing(empty_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    await run(empty_url, lambda connection: connection.execute(text("CREATE TABLE token (x INTEGER)")))
    with pytest.raises(StoreError, match="token"):
        await migrate(empty_url)
    await run(empty_url, lambda connection: connection.execute(text("DROP TABLE token")))
    assert (await migrate(empty_url))[0] is None


async def opening_fails(url: str | Path) -> str:
    with pytest.raises(StoreError) as caught:
        await Store.open(url)
    words = str(caught.value)
    assert "\n" not in words
    assert len(words) < 200
    return words


async def test_a_folder_that_cannot_be_made() -> None:
    assert "can't write the database" in await opening_fails("/proc/forecourt/forecourt.sqlite3")


async def test_a_folder_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert "can't write the database" in await opening_fails(tmp_path / "file" / "forecourt.sqlite3")


async def test_a_path_that_is_a_folder(tmp_path: Path) -> None:
    assert "can't write the database" in await opening_fails(tmp_path)


async def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("x" * 5000)
    assert "file is not a database" in await opening_fails(tmp_path / "notes.txt")
    assert (tmp_path / "notes.txt").read_text() == "x" * 5000


@pytest.mark.parametrize("url", ["mysql://localhost/x", "sqlite://", "sqlite:///", "sqlite://host/x"])
async def test_a_url_that_names_no_database(url: str) -> None:
    assert "names no database" in await opening_fails(url)


async def test_no_server() -> None:
    words = await opening_fails("postgresql://me:secret@127.0.0.1:1/forecourt")
    assert "postgresql://me@127.0.0.1:1/forecourt" in words
    assert "secret" not in words


async def test_no_such_database_on_the_server(postgres_url: str) -> None:
    assert "does not exist" in await opening_fails(postgres_url + "_missing")


async def test_a_sqlite_that_is_too_old(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sqlite3.sqlite_version_info", (3, 34, 1))
    assert "at least 3.35 is needed" in await opening_fails(tmp_path / "forecourt.sqlite3")


def test_paths(tmp_path: Path) -> None:
    for url in (tmp_path / "a b.db", str(tmp_path / "a b.db"), f"sqlite:///{tmp_path}/a%20b.db"):
        assert parse(url) == parse(tmp_path / "a b.db")
    assert str(parse("sqlite:///data/x.db")) == str(parse("data/x.db"))
    # A word is more likely a mistake than the name of a file that is to be made wherever the server was started.
    with pytest.raises(StoreError, match="names no database"):
        parse("nonsense")


async def test_a_path_with_every_odd_character(tmp_path: Path) -> None:
    path = tmp_path / "a b?c#d%20;桩.sqlite3"
    store = await Store.open(path)
    await store.write(samples.STATION)
    assert await store.station("st-1") == samples.STATION
    await store.close()
    assert path.exists()
