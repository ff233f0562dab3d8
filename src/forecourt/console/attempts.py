"""How often somebody may try to sign in: attempts in a window, by address and by name, in memory."""

from collections import deque
from collections.abc import Callable

WINDOW_S = 300.0
# A person mistypes a few times; an office behind one address has several persons; many addresses against one name are
# slowed down, without locking its owner out for long.
LIMITS = {"both": 5, "address": 30, "name": 100}
MAX_KEYS = 50_000

Key = tuple[str, str, str]


class Attempts:
    """Counts attempts as they begin, so that many at once are no way around it; one that succeeds is taken back.

    ``monotonic`` is the clock by which they age, in seconds.
    """

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._begun: dict[Key, deque[float]] = {}

    def begin(self, address: str, name: str) -> int:
        """Count an attempt and return 0, or return how many seconds to wait before the next one may be made."""
        now = self._monotonic()
        keys = _keys(address, name)
        wait = max(self._wait(key, now) for key in keys)
        if not wait:
            self._count(keys, now)
        return wait

    def succeeded(self, address: str, name: str) -> None:
        """Take back the attempt, and all of this name from this address."""
        for key in _keys(address, name):
            times = self._begun.get(key)
            if times:
                times.pop()
        self._begun.pop(_keys(address, name)[0], None)

    def _count(self, keys: tuple[Key, ...], now: float) -> None:
        if len(self._begun) >= MAX_KEYS:
            self._forget_old(now)
        for key in keys:
            self._begun.setdefault(key, deque(maxlen=LIMITS[key[0]])).append(now)

    def _wait(self, key: Key, now: float) -> int:
        times = self._begun.get(key)
        if times is None or len(times) < LIMITS[key[0]]:
            return 0
        return max(0, round(times[0] + WINDOW_S - now + 0.5))

    def _forget_old(self, now: float) -> None:
        kept = {key: times for key, times in self._begun.items() if times and times[-1] > now - WINDOW_S}
        # Somebody fills the table on purpose: what is left of it is worth less than the memory.
        self._begun = kept if len(kept) < MAX_KEYS else {}


def _keys(address: str, name: str) -> tuple[Key, ...]:
    name = name.strip().lower()[:64]
    return ("both", address, name), ("address", address, ""), ("name", "", name)
