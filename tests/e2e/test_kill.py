"""SIGKILL in the middle of starts, meter values and stops, again and again: nothing acknowledged is lost or doubled."""

import asyncio
import os
import time
from collections import Counter
from pathlib import Path
from random import Random

import pytest
from tests.e2e.messages import WORDS
from tests.e2e.network import add_pile, open_station
from tests.e2e.nothing_lost import assert_nothing_lost
from tests.e2e.retrying import RetryingPile, charging
from tests.e2e.server import Server, serving

# How long it goes on, in seconds: FORECOURT_KILL_SECONDS=3600 pytest tests/e2e/test_kill.py
SECONDS = float(os.environ.get("FORECOURT_KILL_SECONDS", "18"))
PILES_OF_EACH_VERSION = 8

pytestmark = pytest.mark.slow


async def test_killed_on_sqlite(tmp_path: Path) -> None:
    with serving(tmp_path, settle_wait="2") as server:
        await charge_and_kill(server, SECONDS)
        assert server.errors() == []


@pytest.mark.postgres
async def test_killed_on_postgres(tmp_path: Path, postgres_url: str) -> None:
    with serving(tmp_path, settle_wait="2", database_url=postgres_url) as server:
        await charge_and_kill(server, SECONDS / 3, postgres_url)
        assert server.errors() == []


async def charge_and_kill(server: Server, seconds: float, database_url: str = "") -> None:
    piles = await fleet(server)
    kills = 0
    async with charging(piles):
        begun, random = time.monotonic(), Random(7)
        while kills < 3 or time.monotonic() - begun < seconds:
            await asyncio.sleep(random.uniform(0.1, 1.5))
            server.kill()
            await asyncio.to_thread(server.start)
            kills += 1
    interrupted = sum((pile.interrupted for pile in piles), Counter())
    # Else the test has shown nothing.
    assert interrupted.keys() >= {"start", "meter", "stop"}, interrupted
    await assert_nothing_lost(server, piles, database_url)


async def fleet(server: Server) -> list[RetryingPile]:
    piles = []
    async with server.api() as api:
        await open_station(api)
        for number in range(PILES_OF_EACH_VERSION):
            for version, words in WORDS.items():
                login = await add_pile(server, api, f"{version} no. {number}", words.protocol)
                piles.append(RetryingPile(login, words, number))
    return piles
