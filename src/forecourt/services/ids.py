"""Ids from ranges that are reserved in the store, so that taking one costs nothing on the hot path."""

import asyncio
from collections.abc import Awaitable, Callable

# (name, count) -> first id of the reserved range
Reserve = Callable[[str, int], Awaitable[int]]


class IdRange:
    """A supply of ids of one kind, refilled in the background before it runs dry."""

    def __init__(self, reserve: Reserve, name: str, size: int = 4096) -> None:
        self._reserve = reserve
        self._name = name
        self._size = size
        self._spans: list[tuple[int, int]] = []
        self._left = 0
        self._refill: asyncio.Task[None] | None = None

    def take(self) -> int:
        """Return the next id, or 0 when none is left: then ``refilled`` has to be awaited first."""
        if not self._left:
            return 0
        first, end = self._spans[0]
        self._spans[0] = (first + 1, end)
        if first + 1 == end:
            del self._spans[0]
        self._left -= 1
        if self._left < self._size // 4:
            self._start_refill()
        return first

    async def refilled(self) -> None:
        """Wait until there are ids to take."""
        while not self._left:
            await asyncio.shield(self._start_refill())

    def _start_refill(self) -> asyncio.Task[None]:
        if self._refill is None or self._refill.done():
            self._refill = asyncio.ensure_future(self._add_range())
        return self._refill

    async def _add_range(self) -> None:
        first = await self._reserve(self._name, self._size)
        self._spans.append((first, first + self._size))
        self._left += self._size
