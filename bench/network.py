"""The fleet's master data, written into a new data folder before the server starts on it."""

import secrets
from datetime import timedelta
from pathlib import Path

import msgspec

from forecourt import app
from forecourt.clock import SystemClock
from forecourt.config import Config
from forecourt.domain.pile import Pile
from forecourt.domain.station import Station
from forecourt.domain.tariff_presets import CHINA_TIME_OF_USE
from forecourt.domain.tariff_version import tariff_version
from forecourt.domain.token import Token
from forecourt.services.context import Services
from forecourt.services.network import credential
from forecourt.simulator.load import pile_id, token_uid

PILES_PER_STATION = 10


async def register(config: Config, piles: int) -> dict[str, str]:
    """Create the fleet of the load, with the time-of-use tariff; return the piles' passwords."""
    passwords = {pile_id(number): secrets.token_hex(20) for number in range(1, piles + 1)}
    async with app.services(config, SystemClock()) as sv:
        await sv.store.write(tariff_version(CHINA_TIME_OF_USE), CHINA_TIME_OF_USE)
        for first in range(1, piles + 1, PILES_PER_STATION):
            numbers = range(first, min(first + PILES_PER_STATION, piles + 1))
            await sv.store.write(*_station(sv, first, numbers, passwords))
    return passwords


def _station(sv: Services, first: int, numbers: range, passwords: dict[str, str]) -> list[msgspec.Struct]:
    station = Station(
        id=f"S{first}", name=f"Station {first}", lat=31.2, lon=121.5, tariff_id=CHINA_TIME_OF_USE.id
    )
    rows: list[msgspec.Struct] = [station]
    for number in numbers:
        name = pile_id(number)
        created_at = sv.clock.now() - timedelta(days=1)
        rows.append(Pile(id=name, station_id=station.id, max_power_w=600_000, created_at=created_at))
        rows.append(credential(sv, name, passwords[name]))
        rows.append(Token(uid=token_uid(number), type="ISO14443", created_at=created_at))
    return rows


def save(passwords: dict[str, str], path: Path) -> None:
    """Write the passwords where the load reads them (mode 0600)."""
    path.touch(mode=0o600)
    path.write_bytes(msgspec.json.encode(passwords))
