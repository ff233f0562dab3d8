"""What the tests of a virtual pile share."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from random import Random

import pytest
from aiohttp import ClientSession
from tests.simulator.csms import Csms, Payload

from forecourt.clock import start_clock
from forecourt.simulator.life import Traffic
from forecourt.simulator.network import DemoPile, DemoToken, cars
from forecourt.simulator.pile import Site, VirtualPile

BOTH = pytest.mark.parametrize("version", ["1.6", "2.0.1"])
PILE = "SHA-01-1"
TOKEN = DemoToken(uid="04A1B2C3D4E5F6", type="ISO14443", kind="RFID", brand="BMW", driver="Driver 1")
ZEEKR = next(model for model in cars() if model.name.startswith("Zeekr 001"))


@asynccontextmanager
async def pile_at(
    csms: Csms,
    version: str,
    *,
    busy: float = 1.0,
    speed: float = 600,
    connectors: int = 1,
    pile_id: str = PILE,
) -> AsyncIterator[VirtualPile]:
    """With a car at it from the start, unless `busy` is 0; nobody comes after that."""
    spec = DemoPile(
        id=pile_id, version=version, vendor="Test", model="T1", firmware="1", connectors=connectors
    )
    traffic = Traffic(models=(ZEEKR,), time_zone="Asia/Shanghai", visits_per_day=0, busy_at_start=busy)
    async with ClientSession() as session:
        site = Site(url=csms.url, run="test", clock=start_clock(speed), session=session, tally=Counter())
        pile = VirtualPile(spec, (TOKEN,), "secret-of-the-pile", site, traffic, Random(3))
        task = asyncio.create_task(pile.run())
        try:
            yield pile
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


def registers_201(events: list[Payload]) -> list[int]:
    return [event["meterValue"][0]["sampledValue"][0]["value"] for event in events]


def times(events: list[Payload]) -> list[datetime]:
    return [datetime.fromisoformat(event["timestamp"]) for event in events]


async def until(is_so: Callable[[], object], seconds: float = 15) -> None:
    async with asyncio.timeout(seconds):
        while not is_so():
            await asyncio.sleep(0.02)
