"""A gateway on a port of its own, with a store on SQLite, in the test's loop."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from tests.gateway.raw_pile import RawPile

from forecourt.bus.embedded import EmbeddedBus
from forecourt.clock import SystemClock
from forecourt.config import Config
from forecourt.domain.command import Command, Request
from forecourt.domain.pile import Pile, Registration
from forecourt.domain.records import PileCredential
from forecourt.domain.station import Station
from forecourt.domain.token import Token
from forecourt.domain.transactions import Rules
from forecourt.gateway import listener
from forecourt.gateway.gateway import Gateway
from forecourt.services import network, remote_control
from forecourt.services.context import Services
from forecourt.services.ids import IdRange
from forecourt.services.tokens import TokenCache
from forecourt.store.store import Store

STATION = Station(id="s1", name="Station", lat=31.2, lon=121.5)


class House:
    """A server as far as piles see it."""

    def __init__(self, sv: Services, gateway: Gateway) -> None:
        self.sv = sv
        self.gateway = gateway
        self.piles: list[RawPile] = []
        self.closed = False

    @property
    def port(self) -> int:
        return self.gateway._listener.port

    async def close(self) -> None:
        """Stop; a second time changes nothing."""
        if not self.closed:
            self.closed = True
            for pile in self.piles:
                pile.writer.close()
            await self.gateway.stop()
            await self.sv.store.close()

    async def add_pile(self, pile_id: str = "CP1", password: str | None = None, **fields: Any) -> Pile:
        """Register a pile; without a password, expressly so."""
        pile = Pile(id=pile_id, station_id=STATION.id, created_at=self.sv.clock.now(), **fields)
        if password is None:
            now = self.sv.clock.now()
            row = PileCredential(pile_id=pile_id, scheme="none", salt=b"", digest=b"", created_at=now)
        else:
            row = network.credential(self.sv, pile_id, password)
        await self.sv.store.write(pile, row)
        return pile

    async def admit(self, pile_id: str, admission: Registration) -> None:
        await network.admit(self.sv, pile_id, admission, "test")

    async def connect(self, path: str = "/ocpp/CP1", headers: Any = (), **options: Any) -> RawPile:
        pile = await RawPile.connect(self.port, path, headers, **options)
        self.piles.append(pile)
        return pile

    async def booted(self, version: str = "ocpp1.6", pile_id: str = "CP1") -> RawPile:
        """Connect and boot."""
        pile = await self.connect(f"/ocpp/{pile_id}", protocol=version)
        await pile.result("BootNotification", BOOT[version])
        return pile

    async def command(self, request: Request, pile_id: str = "CP1", **options: Any) -> Command:
        return await remote_control.submit(self.sv, pile_id, request, "test", **options)

    async def command_state(self, command: Command) -> Command:
        found = await self.sv.store.command(command.id)
        assert found is not None
        return found


BOOT: dict[str, dict[str, Any]] = {
    "ocpp1.6": {"chargePointVendor": "V", "chargePointModel": "M"},
    "ocpp2.0.1": {"reason": "PowerUp", "chargingStation": {"vendorName": "V", "model": "M"}},
}

Open = Callable[..., Awaitable[House]]


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database file with the schema, made once."""
    path = tmp_path_factory.mktemp("gateway") / "empty.sqlite3"
    asyncio.run(_make(path))
    return path


async def _make(path: Path) -> None:
    store = await Store.open(path)
    await store.close()


@pytest.fixture
async def open_house(
    empty_database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Open]:
    """Open a house with settings of the test's own; all are closed at its end."""
    monkeypatch.setattr(listener, "REFUSED_AFTER_S", 0.0)
    houses: list[House] = []

    async def open_one(database: Path | str | None = None, **settings: Any) -> House:
        path = database or Path(shutil.copy(empty_database, tmp_path / f"{len(houses)}.sqlite3"))
        house = await _open(path, Config(ocpp_port=0, **settings))
        houses.append(house)
        return house

    yield open_one
    for house in houses:
        await house.close()


async def _open(path: Path | str, config: Config) -> House:
    store = await Store.open(path)
    clock = SystemClock()
    await store.write(STATION, Token(uid="TAG1"), Token(uid="BLOCKED", status="blocked"))  # type: ignore[arg-type]
    sv = Services(
        config=config,
        clock=clock,
        store=store,
        bus=EmbeddedBus(),
        tokens=TokenCache(clock.monotonic),
        session_ids=IdRange(store.reserve_ids, "session"),
        transaction_ids=IdRange(store.reserve_ids, "transaction"),
        rules=Rules(),
    )
    await sv.session_ids.refilled()
    await sv.transaction_ids.refilled()
    gateway = Gateway(sv)
    await gateway.start()
    return House(sv, gateway)


@pytest.fixture
async def house(open_house: Open) -> House:
    """A house with one pile, CP1."""
    house = await open_house()
    await house.add_pile()
    return house


async def until(condition: Callable[[], Awaitable[Any]], seconds: float = 5.0) -> Any:
    """Wait until something is so, and return it."""
    async with asyncio.timeout(seconds):
        while not (found := await condition()):
            await asyncio.sleep(0.01)
    return found


__all__ = ["BOOT", "House", "Open", "replace", "until"]
