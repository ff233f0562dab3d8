"""One pile, one car, one charge: to try a central system, and this package's piles, with a pile that it knows."""

import asyncio
from collections import Counter
from collections.abc import Callable
from random import Random

import msgspec
from aiohttp import ClientSession

from forecourt.clock import ScaledClock
from forecourt.simulator.device import Plug
from forecourt.simulator.life import Traffic
from forecourt.simulator.network import MAKES, PILE_MAX_A, PILE_POWER_W, DemoPile, DemoToken, cars
from forecourt.simulator.pile import Site, VirtualPile
from forecourt.twin.arrivals import Visit
from forecourt.twin.cars import car_at, step

START_SOC_PERCENT = 20.0
LINGER_S = 5.0  # so that the bill shows what became of the time after the charge
LOOK_S = 0.1
SAID = {
    Plug.PLUGGED: "a car is plugged in",
    Plug.CHARGING: "it charges",
    Plug.FINISHING: "the charge has ended",
    Plug.FREE: "the car is gone",
}

REMEDIES = {
    "401": "401, the pile's id or password is wrong",
    "ClientConnectorError": "nobody listens there; is the server running?",
    "400": "400, see the notes on the pile's page",
    "404": "404, the address must end in /ocpp",
}


class ChargeError(Exception):
    """The charge did not come about: says why, and what to do."""


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """Which pile charges whom, for how many real seconds. `url` without the pile's id; `run` as in `fleet.Plan`."""

    url: str
    pile_id: str
    password: str
    version: str
    token: str
    seconds: float
    clock: ScaledClock
    run: str


Say = Callable[[str], None]


async def charge_once(order: Order, say: Say, stop: asyncio.Event) -> dict[str, int]:
    """Charge once, saying what happens, and return what was counted. `stop` cuts it off.

    Raises ChargeError when the central system does not let the pile in, or refuses the token.
    """
    tally: Counter[str] = Counter()
    async with ClientSession() as session:
        site = Site(url=order.url, run=order.run, clock=order.clock, session=session, tally=tally)
        pile = _pile(order, site)
        began_wh = pile.device.evses[0].register_wh
        living = asyncio.create_task(pile.run())
        try:
            await _watch(pile, tally, say, stop)
        finally:
            living.cancel()
            await asyncio.wait({living})
    tally["energy_wh"] = pile.device.evses[0].register_wh - began_wh
    return dict(sorted(tally.items()))


def _pile(order: Order, site: Site) -> VirtualPile:
    vendor, model, _, firmware = next(make for make in MAKES if make[2] == order.version)
    spec = DemoPile(id=order.pile_id, version=order.version, vendor=vendor, model=model, firmware=firmware)
    driver = DemoToken(uid=order.token, type="ISO14443", kind="RFID", brand="", driver="")
    traffic = Traffic(models=cars(), time_zone="UTC", visits_per_day=0, first=_visit(order))
    return VirtualPile(spec, (driver,), order.password, site, traffic, Random(order.run))  # noqa: S311 (no secret)


def _visit(order: Order) -> Visit:
    """The most powerful car, for as long as was ordered; a long charge ends when it is full."""
    model = max(cars(), key=lambda car: car.peak_w)
    charged = order.seconds * order.clock.speed
    car = step(car_at(model, START_SOC_PERCENT), PILE_POWER_W, PILE_MAX_A, charged)
    return Visit(model, START_SOC_PERCENT, car.soc_percent, LINGER_S)


async def _watch(pile: VirtualPile, tally: Counter[str], say: Say, stop: asyncio.Event) -> None:
    """Say what becomes of the car until it is gone and everything has been told."""
    evse, seen = pile.device.evses[0], Plug.FREE
    while not stop.is_set() and not (tally["visits"] and pile.line.unsent == 0):
        await asyncio.sleep(LOOK_S)
        _raise_if_refused(pile, tally)
        if evse.plug is not seen:
            seen = evse.plug
            say(SAID.get(seen, seen.value))
            tally["visits"] += seen is Plug.FREE
    if tally["visits"] and not tally["charges"]:
        raise ChargeError(f"the token {pile.device.drivers[0].uid} is refused: add it to the central system")


def _raise_if_refused(pile: VirtualPile, tally: Counter[str]) -> None:
    for reason, count in tally.items():
        if count and reason.startswith("connect failed: "):
            raise ChargeError(
                f"{pile.device.spec.id} can't connect: {REMEDIES.get(reason[16:], reason[16:])}"
            )
