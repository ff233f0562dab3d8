"""How often a pile's messages had to be mended: counted here, written now and then, shown on its page."""

from collections.abc import Sequence
from datetime import datetime

from forecourt.domain.records import RepairCount


class RepairCounts:
    """The absolute counts of one pile, once those of former connections are known."""

    __slots__ = ("_changed", "_counts", "_known")

    def __init__(self) -> None:
        self._counts: dict[str, int] | None = None
        self._changed: dict[str, datetime] | None = None
        self._known = False

    @property
    def changed(self) -> bool:
        """There is something to write."""
        return bool(self._changed)

    @property
    def known(self) -> bool:
        """What former connections counted has been added."""
        return self._known

    def add(self, names: Sequence[str], now: datetime) -> None:
        """Count one message's repairs."""
        counts = self._counts = self._counts or {}
        changed = self._changed = self._changed or {}
        for name in names:
            counts[name] = counts.get(name, 0) + 1
            changed[name] = now

    def learn(self, former: Sequence[RepairCount]) -> None:
        """Add what former connections counted."""
        counts = self._counts = self._counts or {}
        for row in former:
            counts[row.repair] = counts.get(row.repair, 0) + row.count
        self._known = True

    def take(self, pile_id: str) -> tuple[RepairCount, ...]:
        """Return the rows to write."""
        counts, changed = self._counts or {}, self._changed or {}
        self._changed = None
        return tuple(
            RepairCount(pile_id=pile_id, repair=name, count=counts[name], last_at=at)
            for name, at in changed.items()
        )
