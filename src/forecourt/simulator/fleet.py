"""Many virtual piles in one process: a whole network against one central system."""

import asyncio
from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import zip_longest
from random import Random

import msgspec
from aiohttp import ClientSession, TCPConnector

from forecourt.clock import ScaledClock
from forecourt.simulator.life import Traffic
from forecourt.simulator.network import TOKENS_PER_PILE, DemoNetwork, DemoPile, DemoToken, cars
from forecourt.simulator.pile import Site, VirtualPile


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What to run. `url` without the pile's id; `passwords`: pile id → password, none for those not in it.

    `run` names this run and must be new (ids of messages and transactions begin with it or are made from it).
    The piles connect within `ramp_s` real seconds.
    """

    url: str
    network: DemoNetwork
    clock: ScaledClock
    run: str
    passwords: Mapping[str, str] = {}
    visits_per_day: float = 24.0
    busy_at_start: float = 0.45
    ramp_s: float = 8.0


async def run_fleet(plan: Plan, stop: asyncio.Event) -> dict[str, int]:
    """Run until `stop` is set; what happened, counted."""
    tally: Counter[str] = Counter()
    async with ClientSession(connector=TCPConnector(limit=0)) as session:
        site = Site(url=plan.url, run=plan.run, clock=plan.clock, session=session, tally=tally)
        piles = list(_piles(plan, site))
        began_wh = _registers_wh(piles)
        await _run_until(piles, plan.ramp_s, stop)
    tally["piles"] = len(piles)
    tally["energy_wh"] = _registers_wh(piles) - began_wh
    tally["transaction messages unsent"] = sum(pile.line.unsent for pile in piles)
    return dict(sorted(tally.items()))


def _piles(plan: Plan, site: Site) -> Iterator[VirtualPile]:
    """The first pile of every station, then the second ones …: the whole map comes alive at once."""
    models = cars()
    drivers = _drivers(plan.network)
    zones = {pile.id: station.time_zone for station in plan.network.stations for pile in station.piles}
    for row in zip_longest(*(station.piles for station in plan.network.stations)):
        for spec in filter(None, row):
            traffic = Traffic(
                models=models,
                time_zone=zones[spec.id],
                visits_per_day=plan.visits_per_day,
                busy_at_start=plan.busy_at_start,
            )
            rng = Random(f"{plan.network.seed} {spec.id}")  # noqa: S311 (cars come and go, no secrets)
            yield VirtualPile(spec, drivers[spec.id], plan.passwords.get(spec.id, ""), site, traffic, rng)


def _drivers(network: DemoNetwork) -> dict[str, tuple[DemoToken, ...]]:
    piles: tuple[DemoPile, ...] = network.piles
    starts = (index * TOKENS_PER_PILE for index in range(len(piles)))
    return {
        pile.id: network.tokens[at : at + TOKENS_PER_PILE] for pile, at in zip(piles, starts, strict=True)
    }


async def _run_until(piles: list[VirtualPile], ramp_s: float, stop: asyncio.Event) -> None:
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(pile.run(ramp_s * index / len(piles))) for index, pile in enumerate(piles)]
        await stop.wait()
        for task in tasks:
            task.cancel()


def _registers_wh(piles: list[VirtualPile]) -> int:
    return sum(evse.register_wh for pile in piles for evse in pile.device.evses)
