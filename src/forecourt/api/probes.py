"""Is it alive, is it ready: for load balancers and whoever restarts what hangs."""

import asyncio
from collections.abc import Callable, Mapping
from secrets import token_hex

import msgspec

from forecourt.bus import Bus
from forecourt.services.context import Services
from forecourt.store.errors import StoreError

TIMEOUT_S = 2.0
# Of the writes that may wait at most: beyond it, new work would soon be refused.
FULL = 50_000

# Returns why something does not work; empty when it does.
Probe = Callable[[], str]


class Health(msgspec.Struct, frozen=True):
    """The process is alive and its event loop turns, or there would be no answer."""

    status: str = "alive"


class Readiness(msgspec.Struct, frozen=True):
    """Whether requests and piles can be served; ``checks`` says ``ok``, or why not."""

    ready: bool
    checks: dict[str, str]


async def readiness(sv: Services, probes: Mapping[str, Probe]) -> Readiness:
    """Ask everything that has to work."""
    store, bus = await asyncio.gather(_store(sv), _bus(sv))
    checks = {"store": store, "commit": _commit(sv), "bus": bus}
    checks |= {name: probe() for name, probe in probes.items()}
    return Readiness(not any(checks.values()), {name: reason or "ok" for name, reason in checks.items()})


async def _store(sv: Services) -> str:
    try:
        async with asyncio.timeout(TIMEOUT_S):
            await sv.store.has_operators()
    except TimeoutError:
        return f"no answer within {TIMEOUT_S:g} s"
    except StoreError as error:
        return str(error)
    return ""


async def _bus(sv: Services) -> str:
    try:
        async with asyncio.timeout(TIMEOUT_S):
            await _heard(sv.bus)
    except TimeoutError:
        return f"a message did not come back within {TIMEOUT_S:g} s"
    except Exception as error:  # whatever the bus's client raises while it has no connection
        return str(error) or type(error).__name__
    return ""


async def _heard(bus: Bus) -> None:
    """Return when a message to ourselves has come back."""
    subject, heard = f"probe.{token_hex(8)}", asyncio.Event()
    subscription = await bus.subscribe(subject, lambda *_: heard.set())
    try:
        bus.publish(subject, b"")
        await heard.wait()
    finally:
        await subscription.end()


def _commit(sv: Services) -> str:
    if sv.store.commit.failing:
        return "the last write failed, and is being retried"
    if sv.store.commit.pending > FULL:
        return f"{sv.store.commit.pending} writes are waiting"
    return ""
