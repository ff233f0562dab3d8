"""What is handed to the group commit, and what comes back."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, ClassVar

import msgspec

from forecourt.domain.command import CommandState
from forecourt.store.errors import Status

__all__ = [
    "COMMITTED",
    "STALE",
    "Batch",
    "Call",
    "Claim",
    "Connect",
    "Done",
    "Load",
    "ReserveIds",
    "Result",
    "Status",
    "Unit",
    "Work",
]


class Claim(msgspec.Struct, frozen=True):
    """A command's compare-and-set: the unit is written only if the command is in the state `expected`."""

    command_id: str
    expected: CommandState
    to: CommandState
    at: datetime


class Unit(msgspec.Struct, frozen=True):
    """Rows that are written together or not at all, in any order of their kinds; the same again changes nothing.

    With a `generation` the rows are left out if the pile has a newer connection (DESIGN §4, ownership).
    """

    rows: tuple[Any, ...]
    pile_id: str = ""
    generation: int = 0
    claim: Claim | None = None


class Connect(msgspec.Struct, frozen=True):
    """A pile has connected: raise its generation and load its state. Its value is a `PileRecord`, or None if unknown."""

    pile_id: str
    gateway_id: str
    version: str
    address: str
    at: datetime


class Load(msgspec.Struct, frozen=True):
    """Load a pile's state again, its generation as it is. Its value is a `PileRecord`, or None if never connected."""

    pile_id: str


class ReserveIds(msgspec.Struct, frozen=True):
    """Take `count` ids from a range that starts at 1 and begins anew after `last`. Its value is the first of them."""

    pile_id: ClassVar[str] = ""
    name: str
    count: int
    last: int


Call = Connect | Load | ReserveIds
Work = Unit | Call


class Result(msgspec.Struct, frozen=True):
    """The end of a piece of work.

    STALE: the pile has a newer connection. CONFLICT: another row has the unique key, or a claim came too late.
    DATA_ERROR: the rows can't be stored, `error` says why. FAILED: the engine failed for longer than is retried; what
    was to be written may or may not be there. `value` is what a call returns.
    """

    status: Status
    error: str = ""
    value: Any = None

    @property
    def ok(self) -> bool:
        return self.status is Status.COMMITTED


COMMITTED = Result(Status.COMMITTED)
STALE = Result(Status.STALE)

Done = Callable[[Result], None]


class Batch(msgspec.Struct, frozen=True):
    """One transaction: units in order, of each pile at most one; calls after them; then rows that may be lost."""

    units: Sequence[Unit]
    calls: Sequence[Call]
    lossy: Sequence[Any]
