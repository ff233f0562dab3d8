"""The clock that every part outside the pure packages is given: real, or faster than real.

Two readings stand side by side. `now()` is business time: what a bill, a log line or a pile's timestamp
says, and it may run faster than the sun in a demo. `monotonic()` is always real seconds: time-outs, pings
and back-offs are about sockets and processes, which no factor speeds up.
"""

import asyncio
import time
from datetime import UTC, datetime, timedelta
from typing import Protocol

import msgspec


class Clock(Protocol):
    """Business time and real seconds."""

    @property
    def speed(self) -> float:
        """Business seconds per real second; 1 on a production system."""

    def now(self) -> datetime:
        """Business time, aware, UTC."""

    def monotonic(self) -> float:
        """Real seconds since an arbitrary start; never goes back."""


class SystemClock(msgspec.Struct, frozen=True):
    """The clock of the machine."""

    @property
    def speed(self) -> float:
        return 1.0

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()


class ScaledClock(msgspec.Struct, frozen=True):
    """Business time that left `epoch` when `time.monotonic()` read `monotonic_start` and runs `speed` times.

    The three values given to several processes of one machine make one clock: the operating system's
    monotonic reading is common to all of them.
    """

    epoch: datetime
    monotonic_start: float
    speed: float = 1.0

    def now(self) -> datetime:
        return self.epoch + timedelta(seconds=(self.monotonic() - self.monotonic_start) * self.speed)

    def monotonic(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Sleep so many business seconds."""
        await asyncio.sleep(max(0.0, seconds) / self.speed)


def start_clock(speed: float = 1.0) -> ScaledClock:
    """A clock that shows the machine's time now and runs `speed` times as fast from here on."""
    return ScaledClock(datetime.now(UTC), time.monotonic(), speed)
