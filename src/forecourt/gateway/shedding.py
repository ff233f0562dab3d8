"""Load is shed by delaying acks, least important first, never by refusing what a pile would not repeat (DESIGN §3)."""

import asyncio
from collections.abc import Callable
from enum import IntEnum


class Priority(IntEnum):
    """What waits first when the database falls behind comes last."""

    TRANSACTION = 0
    BOOT = 1
    STATUS = 2
    METER = 3


# Work that waits for the database, above which a priority is parked. A transaction is never parked.
LIMITS: dict[Priority, int] = {Priority.BOOT: 16_384, Priority.STATUS: 8_192, Priority.METER: 4_096}
# Above this, handshakes are refused and boots are put off.
OVERLOADED = 8_192
RETRY_S = 0.05


class Gate:
    """Parks mailboxes while too much waits; ``pending`` says how much does."""

    def __init__(self, pending: Callable[[], int]) -> None:
        self._pending = pending
        self._parked: dict[Priority, list[Callable[[], None]]] = {}
        self._timer: asyncio.TimerHandle | None = None

    @property
    def overloaded(self) -> bool:
        """No more piles should come in now."""
        return self._pending() > OVERLOADED

    @property
    def parked(self) -> int:
        """Mailboxes that wait."""
        return sum(len(resumes) for resumes in self._parked.values())

    def admits(self, priority: Priority) -> bool:
        """Say whether something of this priority may be done now."""
        limit = LIMITS.get(priority)
        return limit is None or (self._pending() <= limit and not self._parked.get(priority))

    def park(self, priority: Priority, resume: Callable[[], None]) -> None:
        """Call back when there is room, the more important first, each kind in order of arrival."""
        self._parked.setdefault(priority, []).append(resume)
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(RETRY_S, self._retry)

    def _retry(self) -> None:
        self._timer = None
        for priority in sorted(self._parked):
            resumes = self._parked[priority]
            room = LIMITS[priority] - self._pending()
            self._parked[priority] = resumes[max(0, room) :]
            for resume in resumes[: max(0, room)]:
                resume()
        if self.parked and self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(RETRY_S, self._retry)
