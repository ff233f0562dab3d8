"""The services that other tests stand on are real, empty and private."""

import subprocess
from pathlib import Path

import asyncpg
import nats
import pytest

from tests.conftest import FreshDatabase
from tests.support import chromium as chromium_support
from tests.support import postgres
from tests.support.nats import NatsServer
from tests.support.node import Node


async def _tables(url: str) -> int:
    connection = await asyncpg.connect(url)
    await connection.execute("CREATE TABLE pile (id text)")
    count: int = await connection.fetchval("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")
    await connection.close()
    return count


@pytest.mark.postgres
@pytest.mark.parametrize("run", [1, 2])
async def test_each_test_has_an_empty_database(postgres_url: str, run: int) -> None:
    assert await _tables(postgres_url) == 1, f"run {run} found another's tables"


@pytest.mark.postgres
async def test_a_database_is_gone_after_its_test_even_with_a_client_on_it(
    fresh_postgres: FreshDatabase,
) -> None:
    with fresh_postgres() as url:
        forgotten = await asyncpg.connect(url)
    with pytest.raises(asyncpg.InvalidCatalogNameError):
        await asyncpg.connect(url)
    forgotten.terminate()


@pytest.mark.postgres
async def test_our_own_postgres_starts_where_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORECOURT_TEST_POSTGRES", "own")
    with postgres.server() as server, postgres.fresh_database(server) as url:
        assert await _tables(url) == 1


@pytest.mark.nats
async def test_nats_has_jetstream(nats_url: str) -> None:
    client = await nats.connect(nats_url)
    assert (await client.jetstream().account_info()).limits is not None
    await client.close()


@pytest.mark.nats
async def test_a_nats_server_comes_back_on_its_port(nats_server: NatsServer) -> None:
    nats_server.stop()
    nats_server.start()
    client = await nats.connect(nats_server.url)
    assert client.is_connected
    await client.close()


@pytest.mark.browser
def test_chromium_runs_javascript(chromium: Path, tmp_path: Path) -> None:
    page = "data:text/html,<p></p><script>document.querySelector('p').textContent=6*7</script>"
    profile = f"--user-data-dir={tmp_path}"
    command = [str(chromium), "--headless", *chromium_support.arguments(), profile, "--dump-dom", page]
    shown = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "<p>42</p>" in shown.stdout


@pytest.mark.node
def test_node_and_npm_run(node_js: Node) -> None:
    script = subprocess.run([str(node_js.node), "-p", "6*7"], capture_output=True, text=True, check=True)
    npm = subprocess.run([*node_js.npm, "--version"], capture_output=True, text=True, check=True)
    assert (script.stdout.strip(), npm.stdout.count(".")) == ("42", 2)
