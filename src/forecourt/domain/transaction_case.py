"""What a decision about a transaction message is made from."""

import hashlib
from datetime import datetime, timedelta

import msgspec

from forecourt.domain.session import Session
from forecourt.domain.token import TokenStatus
from forecourt.domain.transaction_event import TransactionEvent


class Rules(msgspec.Struct, frozen=True):
    """The settings that session decisions depend on.

    ``settle_wait``: how long an ended session waits for missing events, or for the car to go, before its CDR is issued.
    ``cost_every``: how often the cost of a running session is computed anew.
    """

    settle_wait: timedelta = timedelta(hours=24)
    cost_every: timedelta = timedelta(seconds=60)


class Facts(msgspec.Struct, frozen=True):
    """What was looked up before the decision: the token's status, a session found in the database, ids to use if needed."""

    token_status: TokenStatus | None = None
    found: Session | None = None
    session_id: int = 0
    transaction_id: int = 0


class Case(msgspec.Struct, frozen=True):
    """One message to decide on, with what was looked up for it."""

    event: TransactionEvent
    facts: Facts
    now: datetime
    rules: Rules


def start_key(event: TransactionEvent) -> int:
    """Return the key by which a replayed 1.6 start is known: connector, token, start time, start meter (DESIGN §3)."""
    uid = event.token.uid if event.token else ""
    text = f"{event.evse_id}|{uid}|{event.pile_at}|{event.register_wh}"
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big", signed=True)
