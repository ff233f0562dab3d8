"""The API on a real SQLite store, with a token of each role, and a pile that answers."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple, cast

import httpx
import msgspec
import pytest
from litestar import Litestar
from prometheus_client import CollectorRegistry

from forecourt.api.app import http_api, keep_ids_whole
from forecourt.api.metrics import StoreMetrics
from forecourt.api.probes import Probe
from forecourt.bus.embedded import EmbeddedBus
from forecourt.clock import SystemClock
from forecourt.config import Config
from forecourt.domain.command import Command, CommandState
from forecourt.domain.outcome import Changed
from forecourt.domain.pile import Evse, EvseStatus, Pile
from forecourt.domain.records import Role
from forecourt.domain.session import Session, SessionState
from forecourt.domain.station import Station
from forecourt.domain.tariff import Element, Tariff
from forecourt.domain.tariff_version import version_of
from forecourt.domain.token import Token
from forecourt.domain.transactions import Rules
from forecourt.services import accounts, live, network
from forecourt.services.context import Services
from forecourt.services.ids import IdRange
from forecourt.services.tokens import TokenCache
from forecourt.store.store import Store

LOCAL_TOKEN = "the running server's own token"
PREFIX = "/api/v1"
NOW = datetime(2026, 1, 15, 4, 0, tzinfo=UTC)
STATION = Station(id="plaza", name="Plaza", city="Guangzhou", lat=23.1, lon=113.3, tariff_id="flat")
TARIFF = Tariff(
    id="flat", name="Flat", currency="CNY", elements=(Element(electricity_per_kwh=Decimal("1.50")),)
)
TOKEN = Token(uid="04A2B3C4D5E680", type="ISO14443", driver="A. Driver")
PILES = tuple(Pile(id=f"PILE-{n}", station_id="plaza", max_power_w=600_000) for n in range(1, 4))
SESSION = Session(
    id=4711,
    pile_id="PILE-1",
    station_id="plaza",
    evse_id=1,
    transaction_id="tx-1",
    state=SessionState.CLOSED,
    token_uid=TOKEN.uid,
    started_at=NOW,
    started_received_at=NOW,
    ended_at=NOW + timedelta(hours=1),
    closed_at=NOW + timedelta(hours=1),
    last_event_at=NOW + timedelta(hours=1),
    tariff_version=version_of(TARIFF),
    currency="CNY",
    cost=Decimal("1.50"),
)


class Api:
    """A client of each role. Paths are those below ``/api/v1``, or whole ones."""

    def __init__(self, sv: Services, secrets: dict[str, str]) -> None:
        self.sv = sv
        self.secrets = dict(secrets)
        self.registry = CollectorRegistry(auto_describe=False)
        self.registry.register(StoreMetrics(sv.store))
        self.checks: dict[str, Probe] = {"listener": lambda: ""}
        transport = httpx.ASGITransport(cast(Any, _application(self)))
        # Not Litestar's test client: it runs the application on a loop of its own, and the store lives on this one.
        self.client = httpx.AsyncClient(transport=transport, base_url="http://localhost")

    async def call(
        self, method: str, path: str, body: object = None, *, role: str = "admin", key: str = "", **more: Any
    ) -> httpx.Response:
        """Send a request as somebody of a role; ``body`` is sent as JSON, ``key`` is the Idempotency-Key."""
        headers = {"authorization": f"Bearer {self.secrets[role]}", **more.pop("headers", {})}
        if key:
            headers["idempotency-key"] = key
        if body is not None:
            more["json"] = body
        whole = path if path.startswith("/api/") else PREFIX + path
        return await self.client.request(method, whole, headers=headers, **more)

    async def get(self, path: str, *, role: str = "admin", **more: Any) -> Any:
        """Return the JSON of a GET that has to succeed."""
        answer = await self.call("GET", path, role=role, **more)
        assert answer.status_code == 200, answer.text
        return answer.json()


def _application(api: Api) -> Litestar:
    """The API as ``web.py`` puts it together."""
    made = http_api(api.sv, accounts.digest_of(LOCAL_TOKEN), api.registry, api.checks)
    app = Litestar(
        made.handlers,
        exception_handlers={Exception: made.on_error},
        openapi_config=None,
        logging_config=None,
    )
    keep_ids_whole(app)
    return app


@asynccontextmanager
async def services(folder: Path) -> AsyncIterator[Services]:
    """Services on a SQLite file in a folder."""
    store = await Store.open(folder / "forecourt.sqlite3")
    clock = SystemClock()
    yield Services(
        config=Config(data_dir=folder, http_port=0, call_timeout=0.2),
        clock=clock,
        store=store,
        bus=EmbeddedBus(),
        tokens=TokenCache(clock.monotonic),
        session_ids=IdRange(store.reserve_ids, "session"),
        transaction_ids=IdRange(store.reserve_ids, "transaction"),
        rules=Rules(settle_wait=timedelta(days=1)),
    )
    await store.close()


class Templates(NamedTuple):
    """Folders with a database to copy, and the secrets of the tokens in it."""

    empty: Path
    filled: Path
    secrets: dict[str, str]


@pytest.fixture(scope="session")
def templates(tmp_path_factory: pytest.TempPathFactory) -> Templates:
    """An empty network and a small one: a tariff, a station, three piles, a token, a session."""
    folder = tmp_path_factory.mktemp("api")
    empty, filled = folder / "empty", folder / "filled"
    secrets = asyncio.run(_make_empty(empty))
    shutil.copytree(empty, filled)
    asyncio.run(_fill(filled))
    return Templates(empty, filled, secrets)


async def _make_empty(folder: Path) -> dict[str, str]:
    secrets = {"local": LOCAL_TOKEN}
    async with services(folder) as sv:
        for role in Role:
            secrets[role.value], _ = await accounts.create_api_token(sv, f"the {role.value}", role, "test")
    return secrets


async def _fill(folder: Path) -> None:
    async with services(folder) as sv:
        await network.put_tariff(sv, TARIFF, "test")
        await network.put_station(sv, STATION, "test")
        for pile in PILES:
            await network.put_pile(sv, pile, "test")
        await network.put_token(sv, TOKEN, "test")
        evse = Evse(pile_id="PILE-1", evse_id=1, status=EvseStatus.AVAILABLE, raw_status="Available")
        await sv.store.write(SESSION, evse)


@asynccontextmanager
async def made_api(template: Path, folder: Path, secrets: dict[str, str]) -> AsyncIterator[Api]:
    async with services(Path(shutil.copytree(template, folder / "data"))) as sv:
        api = Api(sv, secrets)
        async with api.client:
            yield api


@pytest.fixture
async def api(templates: Templates, tmp_path: Path) -> AsyncIterator[Api]:
    """The API of an empty network."""
    async with made_api(templates.empty, tmp_path, templates.secrets) as made:
        yield made


@pytest.fixture
async def filled(templates: Templates, tmp_path: Path) -> AsyncIterator[Api]:
    """The API of a small network."""
    async with made_api(templates.filled, tmp_path, templates.secrets) as made:
        yield made


@pytest.fixture
async def connected(filled: Api) -> Api:
    """The same with the first pile connected."""
    await filled.sv.store.connect_pile("PILE-1", "gateway-1", "ocpp2.0.1", "192.0.2.1", filled.sv.clock.now())
    return filled


Verdict = Callable[[Command], Command]


async def pile_that(api: Api, verdict: Verdict) -> list[str]:
    """Let whatever is asked of the first pile be decided as ``verdict`` says; returns the ids of what was offered."""
    offered: list[str] = []

    async def decide(command: Command) -> None:
        decided = verdict(command)
        await api.sv.store.write(decided)
        event = Changed(topic="command", at=api.sv.clock.now(), pile_id="PILE-1", command_id=command.id)
        live.publish(api.sv, [event])

    running: list[Awaitable[None]] = []

    def deliver(subject: str, payload: bytes) -> None:
        command = msgspec.json.decode(payload, type=Command)
        offered.append(command.id)
        running.append(asyncio.ensure_future(decide(command)))

    await api.sv.bus.subscribe("pile.*", deliver)
    return offered


def accepting(result: dict[str, Any]) -> Verdict:
    """Return a verdict: the pile accepts and answers this."""
    return lambda command: msgspec.structs.replace(command, state=CommandState.ACCEPTED, result=result)
