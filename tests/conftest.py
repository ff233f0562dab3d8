"""What tests may ask for beyond Python packages. Each is found or started once, when first asked for."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import Protocol

import pytest
from hypothesis import settings

from tests.support import chromium as chromium_support
from tests.support import nats, node, postgres
from tests.support.missing import MissingError
from tests.support.no_skips import pytest_make_collect_report, pytest_runtest_makereport

# How long an example takes says something of the machine, not of the property.
settings.register_profile("forecourt", deadline=None)
settings.load_profile("forecourt")

__all__ = ["pytest_make_collect_report", "pytest_runtest_makereport"]


class FreshDatabase(Protocol):
    """Called, it gives the URL of an empty database for the length of a `with` block."""

    def __call__(self) -> AbstractContextManager[str]: ...


@pytest.fixture(scope="session")
def fresh_postgres() -> Iterator[FreshDatabase]:
    """For fixtures of wider scope: `with fresh_postgres() as url:`."""
    with ExitStack() as running:
        try:
            server = running.enter_context(postgres.server())
        except MissingError as missing:
            pytest.skip(str(missing))
        yield lambda: postgres.fresh_database(server)


@pytest.fixture
def postgres_url(fresh_postgres: FreshDatabase) -> Iterator[str]:
    """`postgresql://…` of an empty database of this test's own."""
    with fresh_postgres() as url:
        yield url


@pytest.fixture(scope="session")
def nats_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """`nats://…` of a server that the whole run shares: use subjects of your own."""
    if named := nats.named_server():
        yield named
        return
    server = nats.NatsServer(tmp_path_factory.mktemp("nats"))
    _start(server)
    yield server.url
    server.stop()


@pytest.fixture
def nats_server(tmp_path: Path) -> Iterator[nats.NatsServer]:
    """A running server of this test's own, that it may stop and start again."""
    server = nats.NatsServer(tmp_path)
    _start(server)
    yield server
    server.stop()


@pytest.fixture(scope="session")
def chromium() -> Path:
    """The path of a Chromium; launch it with `tests.support.chromium.arguments()`."""
    try:
        return chromium_support.find_or_install()
    except MissingError as missing:
        pytest.skip(str(missing))


@pytest.fixture(scope="session")
def node_js() -> node.Node:
    """Node.js and npm; `node_js.install(folder)` gives a folder with its node_modules."""
    try:
        return node.find()
    except MissingError as missing:
        pytest.skip(str(missing))


def _start(server: nats.NatsServer) -> None:
    try:
        server.start()
    except MissingError as missing:
        pytest.skip(str(missing))
