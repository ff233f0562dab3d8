"""What all pages of a process share: the services, the live hub, the count of sign-in attempts, and common questions."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from forecourt.console.attempts import Attempts
from forecourt.console.live import LiveHub
from forecourt.services.context import Services

T = TypeVar("T")
Ask = Callable[[], Awaitable[T]]


class Common:
    """Questions that many pages ask at once, so that watchers do not multiply the load.

    An answer serves all who asked before its question was put to the store; who asks while one is on its way shares the
    next one. So nobody is given what was true before he asked.
    """

    def __init__(self) -> None:
        self._running: dict[Hashable, asyncio.Task[Any]] = {}
        self._next: dict[Hashable, asyncio.Task[Any]] = {}

    async def ask(self, key: Hashable, ask: Ask[T]) -> T:
        """Return the answer to a question that is the same for all who use this key."""
        if key in self._next:
            task = self._next[key]
        elif key in self._running:
            task = self._next[key] = asyncio.create_task(self._after(key, self._running[key], ask))
        else:
            task = self._running[key] = asyncio.create_task(self._run(key, ask))
        answer: T = await asyncio.shield(task)
        return answer

    async def _after(self, key: Hashable, before: asyncio.Task[Any], ask: Ask[T]) -> T:
        await asyncio.wait((before,))
        self._running[key] = self._next.pop(key)
        return await self._run(key, ask)

    async def _run(self, key: Hashable, ask: Ask[T]) -> T:
        try:
            return await ask()
        finally:
            self._running.pop(key, None)


@dataclass(frozen=True, slots=True)
class Desk:
    """Made once for a server."""

    sv: Services
    hub: LiveHub
    attempts: Attempts
    common: Common = field(default_factory=Common)


def desk_of(sv: Services, hub: LiveHub) -> Desk:
    """Return the desk of a server."""
    return Desk(sv, hub, Attempts(sv.clock.monotonic))
