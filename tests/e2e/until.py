"""Waiting for what a server does in its own time."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")

# Far more than it takes: on a busy machine a test must not fail for want of time.
PATIENCE_S = 60.0


async def until(ask: Callable[[], Awaitable[T]], holds: Callable[[T], bool] = bool) -> T:
    """Ask until the answer holds, and return it; the last answer is in the error if it never does."""
    give_up = asyncio.get_running_loop().time() + PATIENCE_S
    while True:
        answer = await ask()
        if holds(answer):
            return answer
        assert asyncio.get_running_loop().time() < give_up, f"still {answer!r}"
        await asyncio.sleep(0.1)
