"""Is it alive, is it ready: for load balancers and whoever restarts what hangs."""

import asyncio
from collections.abc import Callable, Mapping

import msgspec

from forecourt.services.context import Services
from forecourt.store.errors import StoreError

STORE_TIMEOUT_S = 2.0
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
    checks = {"store": await _store(sv), "commit": _commit(sv)}
    checks |= {name: probe() for name, probe in probes.items()}
    return Readiness(not any(checks.values()), {name: reason or "ok" for name, reason in checks.items()})


async def _store(sv: Services) -> str:
    try:
        async with asyncio.timeout(STORE_TIMEOUT_S):
            await sv.store.has_operators()
    except TimeoutError:
        return f"no answer within {STORE_TIMEOUT_S:g} s"
    except StoreError as error:
        return str(error)
    return ""


def _commit(sv: Services) -> str:
    if sv.store.commit.failing:
        return "the last write failed, and is being retried"
    if sv.store.commit.pending > FULL:
        return f"{sv.store.commit.pending} writes are waiting"
    return ""
