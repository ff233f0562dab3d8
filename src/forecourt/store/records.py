"""What the store returns that the domain has no struct for."""

from datetime import datetime

import msgspec

from forecourt.domain.outcome import PileState


class PileRecord(msgspec.Struct, frozen=True):
    """A pile's state as loaded at its connection, and the generation under which its gateway writes."""

    generation: int
    state: PileState


class Owner(msgspec.Struct, frozen=True, kw_only=True):
    """Who holds, or last held, a pile's socket."""

    pile_id: str
    generation: int = 0
    gateway_id: str = ""
    online: bool = False
    connected_at: datetime | None = None
    disconnected_at: datetime | None = None
    version: str = ""
    address: str = ""
