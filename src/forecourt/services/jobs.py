"""What runs in the background, never between a pile and its ack."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

import structlog

from forecourt.services import billing, expiry
from forecourt.services.context import Services

log = structlog.get_logger(__name__)

# (name, seconds between runs, job)
Job = tuple[str, float, Callable[[Services], Awaitable[object]]]

COMPACT_BATCH = 50


async def compact(sv: Services) -> None:
    """Pack meter rows of ended and of long sessions into blocks."""
    packed = COMPACT_BATCH
    while packed == COMPACT_BATCH:
        packed = await sv.store.compact(COMPACT_BATCH)


async def settle(sv: Services) -> None:
    """Issue the CDRs that are due."""
    settled = billing.BATCH
    while settled == billing.BATCH:
        settled = await billing.settle(sv)


async def forget(sv: Services) -> None:
    """Drop what is no longer needed: the OCPP log's oldest days, and sign-ins that have expired."""
    now = sv.clock.now()
    await sv.store.trim_log(now - timedelta(days=sv.config.ocpp_log_days))
    await sv.store.forget_logins(now)


JOBS: tuple[Job, ...] = (
    ("settle", 1.0, settle),
    ("compact", 5.0, compact),
    ("expire", 60.0, expiry.expire_offline),
    ("give up", 2.0, expiry.expire_commands),
    ("forget", 60.0, forget),
)


async def run(sv: Services) -> None:
    """Run all jobs until cancelled; one that fails is logged and tried again at its next turn."""
    async with asyncio.TaskGroup() as group:
        for name, seconds, job in JOBS:
            group.create_task(_repeat(sv, name, seconds, job), name=f"job {name}")


async def _repeat(
    sv: Services, name: str, seconds: float, job: Callable[[Services], Awaitable[object]]
) -> None:
    while True:
        try:
            await job(sv)
        except Exception:
            log.exception("job_failed", job=name)
        await asyncio.sleep(seconds)
