"""The rows that keep a session and its messages."""

from datetime import datetime
from operator import attrgetter

import msgspec

from forecourt.domain.session import IN_MEMORY, MeterEntry, Session, SessionProgress
from forecourt.domain.transaction_event import TransactionEvent

_encode = msgspec.msgpack.Encoder().encode

_PROGRESS: tuple[str, ...] = SessionProgress.__struct_fields__
_steady = attrgetter(
    *(name for name in Session.__struct_fields__ if name not in _PROGRESS and name not in IN_MEMORY)
)
_progress = attrgetter(*_PROGRESS)


def row_of(before: Session | None, session: Session) -> Session | SessionProgress:
    """Return the row to write: the whole session, or only what an ordinary meter message changes."""
    if before is None or _steady(before) != _steady(session):
        return session
    return SessionProgress(*_progress(session))


def entry(session_id: int, pile_id: str, event: TransactionEvent, now: datetime) -> MeterEntry:
    """Return the row of the meter tail that keeps a (timed) message."""
    return MeterEntry(
        session_id=session_id,
        pile_id=pile_id,
        key=event.key,
        evse_id=event.evse_id or 0,
        seq_no=event.seq_no,
        kind=event.kind.value,
        at=event.at,
        pile_at=event.pile_at,
        received_at=now,
        offline=event.offline,
        trigger=event.trigger,
        charging_state=event.charging_state,
        data=_encode(event.values),
    )
