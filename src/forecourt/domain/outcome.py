"""What a decision returns: the next state, the reply, what to write and what to tell."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Generic, TypeVar

import msgspec

from forecourt.domain.command import Command
from forecourt.domain.pile import Evse, Pile
from forecourt.domain.session import RecentSession, Session
from forecourt.domain.station import Station
from forecourt.domain.tariff import Tariff


class PileState(msgspec.Struct, frozen=True, kw_only=True):
    """All that a decision about a pile needs; held in memory by the gateway that holds its socket.

    ``sessions`` are those not yet closed. ``recent`` are the closed ones that started last, the newest first, so that a
    replayed start can be recognised without asking the database; ``recent_complete`` says that there are no older ones.
    ``connected_at``: since when the pile has been connected without a break, None where that is not known.
    ``triggered`` names the actions that we asked for: a pending 2.x pile may send those (B02.FR.09).
    """

    pile: Pile
    station: Station
    tariff: Tariff | None = None
    tariff_version: str = ""
    evses: Mapping[int, Evse] = {}
    sessions: tuple[Session, ...] = ()
    recent: tuple[RecentSession, ...] = ()
    recent_complete: bool = True
    commands: tuple[Command, ...] = ()
    clock_offset_s: float = 0.0
    connected_at: datetime | None = None
    triggered: frozenset[str] = frozenset()


class Changed(msgspec.Struct, frozen=True, kw_only=True):
    """A live event for pages: says what changed, not how; a page asks for the rest.

    ``topic``: session, evse, pile, command, log or cdr.
    """

    topic: str
    at: datetime
    station_id: str = ""
    pile_id: str = ""
    evse_id: int | None = None
    session_id: int | None = None
    command_id: str = ""


Reply = TypeVar("Reply", covariant=True)


class Outcome(msgspec.Struct, Generic[Reply], frozen=True):
    """DESIGN §3 step 5. ``writes`` are rows (structs that the store knows), one idempotent unit, in order."""

    state: PileState
    reply: Reply
    writes: tuple[Any, ...] = ()
    events: tuple[Changed, ...] = ()
