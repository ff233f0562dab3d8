"""Rows that only the store's own work knows: narrow updates, deletions and blocks."""

from datetime import datetime

import msgspec


class Disconnected(msgspec.Struct, frozen=True):
    """A pile's connection has ended; nothing happens if a newer one is there (late close, DESIGN §3)."""

    pile_id: str
    generation: int
    disconnected_at: datetime
    online: bool = False


class PilesOffline(msgspec.Struct, frozen=True):
    """No pile of this gateway is connected any more."""

    gateway_id: str
    at: datetime


class SentUnknown(msgspec.Struct, frozen=True):
    """Whether what this gateway had sent reached its piles is unknown, and is never sent again by itself (DESIGN §3)."""

    gateway_id: str


class MeterBlock(msgspec.Struct, frozen=True):
    """Many messages of a session in one row (`store.meter_pack`)."""

    session_id: int
    pile_id: str
    n: int
    from_at: datetime
    to_at: datetime
    messages: int
    body: bytes


class TailTaken(msgspec.Struct, frozen=True):
    """A row of the meter tail that a block has taken over."""

    session_id: int
    pile_id: str
    key: int


class LogTrimmed(msgspec.Struct, frozen=True):
    """Forget the oldest entries of the OCPP log, at most `most`, that are older than `before`."""

    before: datetime
    most: int


class LoginsExpired(msgspec.Struct, frozen=True):
    """Forget the logins that had expired by `before`."""

    before: datetime


class InstanceValue(msgspec.Struct, frozen=True):
    """A fact about this installation."""

    key: str
    value: str
