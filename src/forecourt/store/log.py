"""The OCPP log and its likes: rows that may be lost, written behind everything else (DESIGN §3 step 8)."""

from collections import deque
from collections.abc import Callable, Iterable, Sequence

from forecourt.domain.records import LogEntry, RepairCount

Lossy = LogEntry | RepairCount
CAPACITY = 20_000
DELAY_S = 0.2


class LossyLog:
    """A bounded queue; what does not fit is counted in `dropped`."""

    def __init__(self, wake: Callable[[], None], capacity: int = CAPACITY) -> None:
        self.dropped = 0
        self._wake = wake
        self._capacity = capacity
        self._entries: deque[Lossy] = deque()

    def put(self, entries: Iterable[Lossy]) -> None:
        """Write these when there is time."""
        was_empty = not self._entries
        for entry in entries:
            if len(self._entries) < self._capacity:
                self._entries.append(entry)
            else:
                self.dropped += 1
        if was_empty and self._entries:
            self._wake()

    def take(self, most: int) -> Sequence[Lossy]:
        """The oldest entries, at most so many."""
        entries = self._entries
        return [entries.popleft() for _ in range(min(most, len(entries)))]

    def __len__(self) -> int:
        return len(self._entries)
