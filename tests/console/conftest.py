"""The console on a real SQLite store: operators of each role, and a network with names that nobody should trust."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import httpx
import pytest
from litestar import Litestar
from litestar.exceptions import HTTPException
from tests.console.network import fill

from forecourt.bus.embedded import EmbeddedBus
from forecourt.config import Config
from forecourt.console.app import console_router, not_found
from forecourt.console.live import LiveHub
from forecourt.domain.records import Login, Role
from forecourt.domain.transactions import Rules
from forecourt.services import accounts
from forecourt.services.context import Services
from forecourt.services.ids import IdRange
from forecourt.services.tokens import TokenCache
from forecourt.store.store import Store

NOW = datetime(2026, 1, 15, 4, 0, tzinfo=UTC)
PASSWORD = "correct horse battery"
NAMES = {Role.VIEWER: "vera", Role.OPERATOR: "otto", Role.ADMIN: "ada"}


class StillClock:
    """A clock that goes only when it is told to."""

    def __init__(self, at: datetime = NOW, speed: float = 1.0) -> None:
        self.at = at
        self.speed = speed
        self.real = 1000.0

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return self.real


class Site:
    """The console, and browsers of each role. Paths are those of the pages."""

    def __init__(self, sv: Services, clock: StillClock) -> None:
        self.sv = sv
        self.clock = clock
        self.hub = LiveHub(sv.bus)
        self.app = Litestar(
            [console_router(sv, self.hub)],
            exception_handlers={HTTPException: not_found(sv, self.hub)},
            openapi_config=None,
            logging_config=None,
        )

    def browser(self, **headers: str) -> httpx.AsyncClient:
        """A browser that nobody has signed in with."""
        # Not Litestar's test client: it runs the application on a loop of its own, and the store lives on this one.
        transport = httpx.ASGITransport(cast(Any, self.app))
        return httpx.AsyncClient(transport=transport, base_url="http://localhost", headers=headers)

    async def signed_in(self, role: Role = Role.ADMIN, accept_language: str = "en") -> "Operated":
        """A browser with which somebody of this role is signed in."""
        secret = f"secret of {role.value}"
        login = Login(
            digest=accounts.digest_of(secret),
            username=NAMES[role],
            csrf=f"csrf of {role.value}",
            created_at=self.clock.now(),
            expires_at=self.clock.now() + timedelta(hours=12),
        )
        await self.sv.store.write(login)
        client = self.browser(**{"accept-language": accept_language})
        client.cookies.set("forecourt", secret)
        return Operated(client, login.csrf)


class Operated:
    """A browser with which somebody is signed in."""

    def __init__(self, client: httpx.AsyncClient, csrf: str) -> None:
        self.client = client
        self.csrf = csrf

    async def get(self, path: str, **headers: str) -> httpx.Response:
        return await self.client.get(path, headers=headers)

    async def page(self, path: str, **headers: str) -> str:
        """The page, which has to be there."""
        answer = await self.get(path, **headers)
        assert answer.status_code == 200, (path, answer.status_code, answer.text)
        return answer.text

    async def send(self, path: str, **form: str) -> httpx.Response:
        """Send a form as a page of ours would."""
        return await self.client.post(path, data={"csrf": self.csrf, **form})


@asynccontextmanager
async def services(folder: Path, clock: StillClock) -> AsyncIterator[Services]:
    """Services on a SQLite file in a folder."""
    store = await Store.open(folder / "forecourt.sqlite3")
    yield Services(
        config=Config(data_dir=folder),
        clock=clock,
        store=store,
        bus=EmbeddedBus(),
        tokens=TokenCache(clock.monotonic),
        session_ids=IdRange(store.reserve_ids, "session"),
        transaction_ids=IdRange(store.reserve_ids, "transaction"),
        rules=Rules(settle_wait=timedelta(days=1)),
    )
    await store.close()


@pytest.fixture(scope="session")
def databases(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Folders with a database to copy: one with operators only, one with a network besides."""
    folder = tmp_path_factory.mktemp("console")
    empty, filled = folder / "empty", folder / "filled"
    asyncio.run(_with_operators(empty))
    shutil.copytree(empty, filled)
    asyncio.run(_with_network(filled))
    return {"empty": empty, "filled": filled}


async def _with_operators(folder: Path) -> None:
    async with services(folder, StillClock()) as sv:
        for role, name in NAMES.items():
            await accounts.add_operator(sv, name, role, "test", PASSWORD)


async def _with_network(folder: Path) -> None:
    clock = StillClock()
    async with services(folder, clock) as sv:
        await fill(sv, clock.now())


@asynccontextmanager
async def made_site(database: Path, folder: Path, clock: StillClock) -> AsyncIterator[Site]:
    async with services(Path(shutil.copytree(database, folder / "data")), clock) as sv:
        site = Site(sv, clock)
        yield site
        await site.hub.close()


@pytest.fixture
def clock() -> StillClock:
    return StillClock()


@pytest.fixture
async def empty(databases: dict[str, Path], tmp_path: Path, clock: StillClock) -> AsyncIterator[Site]:
    """The console of a network without stations."""
    async with made_site(databases["empty"], tmp_path, clock) as site:
        yield site


@pytest.fixture
async def site(databases: dict[str, Path], tmp_path: Path, clock: StillClock) -> AsyncIterator[Site]:
    """The console of a small network: see ``network.py``."""
    async with made_site(databases["filled"], tmp_path, clock) as site:
        yield site
