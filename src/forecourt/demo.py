"""The demo: a server, the network of the mission, and virtual piles that are real OCPP clients in a process of their own."""

import asyncio
import secrets
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from functools import partial
from pathlib import Path

import msgspec
from msgspec.structs import replace
from rich.console import Console
from rich.markup import escape

from forecourt import app
from forecourt.clock import ScaledClock, start_clock
from forecourt.config import Config
from forecourt.domain.pile import Pile
from forecourt.domain.station import Station
from forecourt.domain.tariff_presets import CHINA_TIME_OF_USE
from forecourt.domain.tariff_version import tariff_version
from forecourt.domain.token import Token, fold_uid
from forecourt.instance import Running
from forecourt.services.context import Services
from forecourt.services.network import credential
from forecourt.simulator.network import DemoNetwork, DemoPile, DemoStation, build

STOP_AFTER_S = 5.0


def run(config: Config, *, stations: int, seed: int, speed: float, data_dir: Path | None) -> None:
    """Run the demo until interrupted. Its data are thrown away unless ``data_dir`` keeps them."""
    clock = start_clock(speed)
    network = build(stations, seed)
    with _folder(data_dir) as folder:
        settings = replace(config, data_dir=folder, log_level="warning")
        app.run(settings, clock, partial(_alive, network, clock, folder))


@contextmanager
def _folder(data_dir: Path | None) -> Iterator[Path]:
    if data_dir is not None:
        yield data_dir
        return
    with tempfile.TemporaryDirectory(prefix="forecourt-demo-") as folder:
        yield Path(folder)


@asynccontextmanager
async def _alive(
    network: DemoNetwork,
    clock: ScaledClock,
    folder: Path,
    sv: Services,
    running: Running,
    operator: app.FirstOperator | None,
) -> AsyncIterator[None]:
    """Put the network into the store and let its piles connect while the server runs."""
    passwords = {pile.id: secrets.token_hex(20) for pile in network.piles}
    await sv.store.write(*_rows(sv, network, passwords))
    _greet(network, clock, folder, running, operator)
    async with _simulator(network, clock, folder, running, passwords):
        yield


def _rows(sv: Services, network: DemoNetwork, passwords: dict[str, str]) -> list[msgspec.Struct]:
    rows: list[msgspec.Struct] = [tariff_version(CHINA_TIME_OF_USE), CHINA_TIME_OF_USE]
    for station in network.stations:
        rows.append(_station(station))
        rows.extend(_pile(sv, station, pile) for pile in station.piles)
        rows.extend(credential(sv, pile.id, passwords[pile.id]) for pile in station.piles)
    rows.extend(
        Token(
            uid=fold_uid(token.uid),
            type=token.type,
            driver=token.driver,
            brand=token.brand,
            created_at=sv.clock.now(),
        )
        for token in network.tokens
    )
    return rows


def _station(station: DemoStation) -> Station:
    return Station(
        id=station.id,
        name=station.name,
        name_zh=station.name_zh,
        address=station.address,
        city=station.city,
        city_zh=station.city_zh,
        province=station.province,
        lat=station.lat,
        lon=station.lon,
        time_zone=station.time_zone,
        grid_w=station.grid_w,
        tariff_id=CHINA_TIME_OF_USE.id,
    )


def _pile(sv: Services, station: DemoStation, pile: DemoPile) -> Pile:
    return Pile(
        id=pile.id,
        station_id=station.id,
        ocpp_version=pile.version,
        max_power_w=pile.power_w,
        max_current_a=pile.max_current_a,
        created_at=sv.clock.now(),
    )


def _greet(
    network: DemoNetwork,
    clock: ScaledClock,
    folder: Path,
    running: Running,
    operator: app.FirstOperator | None,
) -> None:
    console = Console(highlight=False, soft_wrap=True)
    cities = len({station.city for station in network.stations})
    stations, piles = len(network.stations), len(network.piles)
    size = f"{_count(stations, 'station')}, {_count(piles, 'pile')}, {_count(cities, 'city', 'cities')}"
    console.print(f"\n[bold]Forecourt demo[/bold]: {size}")
    console.print(f"  console   [link={running.url}]{running.url}[/link]")
    if operator:
        console.print(f"  sign in   [bold]{operator[0]}[/bold]  [bold]{operator[1]}[/bold]")
    else:
        again = f"forecourt operator add admin --role admin --data-dir {folder}"
        console.print(f"  sign in   as at the first start, or make a new password: {escape(again)}")
    console.print(f"  piles     {running.ocpp_url}")
    console.print(f"  time      runs {clock.speed:g} times as fast;  Ctrl-C ends the demo\n")


def _count(number: int, one: str, many: str = "") -> str:
    return f"{number} {one if number == 1 else many or one + 's'}"


@asynccontextmanager
async def _simulator(
    network: DemoNetwork, clock: ScaledClock, folder: Path, running: Running, passwords: dict[str, str]
) -> AsyncIterator[None]:
    """Run the virtual piles in a process of their own, on the same scaled clock."""
    (folder / "network.json").write_bytes(msgspec.json.encode(network))
    secret = folder / "passwords.json"
    secret.touch(mode=0o600)
    secret.write_bytes(msgspec.json.encode(passwords))
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "forecourt.simulator"),
        *("--url", running.ocpp_url),
        *("--network", str(folder / "network.json")),
        *("--passwords", str(secret)),
        *("--seed", str(network.seed)),
        *("--speed", str(clock.speed)),
        *("--epoch", clock.epoch.isoformat()),
        *("--monotonic-start", repr(clock.monotonic_start)),
        "--with-parent",
        stdout=asyncio.subprocess.DEVNULL,
    )
    try:
        yield
    finally:
        await _ended(child)


async def _ended(child: asyncio.subprocess.Process) -> None:
    with suppress(ProcessLookupError):
        child.terminate()
    try:
        await asyncio.wait_for(child.wait(), STOP_AFTER_S)
    except TimeoutError:
        child.kill()
        await child.wait()
