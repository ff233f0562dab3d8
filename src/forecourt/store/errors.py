"""What the store raises, and what ends a piece of work."""

from enum import Enum, auto


class Status(Enum):
    """What became of a piece of work; see `store.work.Result`."""

    COMMITTED = auto()
    STALE = auto()
    CONFLICT = auto()
    DATA_ERROR = auto()
    FAILED = auto()


class StoreError(Exception):
    """The database can't be opened, asked or written; the text is one line for the person who runs Forecourt."""


class WriteError(StoreError):
    """A write that was waited for was not committed; `status` says why (`store.work.Status`)."""

    def __init__(self, status: Status, error: str) -> None:
        super().__init__(f"not written ({status.name.lower()}): {error}")
        self.status = status


class EngineError(Exception):
    """The engine failed (locked, disk full, connection lost) or did not say whether it committed: try the same again."""
