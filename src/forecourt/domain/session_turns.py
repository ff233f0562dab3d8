"""How a session ends beyond its own messages: the car drives off, the next car starts, a cap is reached."""

from datetime import datetime, timedelta
from typing import Any

from msgspec.structs import replace

from forecourt.domain import idle, session_fold
from forecourt.domain.session import Flag, Session, SessionState, Turn, turn

# An end that reached us so much later was queued while the pile was offline.
_PROMPT = timedelta(minutes=5)


def turned(
    session: Session,
    what: Turn,
    at: datetime,
    now: datetime,
    settle_wait: timedelta,
    connected_at: datetime | None = None,
) -> Session:
    """Return the session after a turn of its state, with the times and flags that follow from it.

    ``at`` is when the car was seen to be gone; ``connected_at`` since when the pile has been connected without a break,
    None where that is not known.
    """
    state = turn(session.state, what)
    if state is session.state:
        return session
    changes: dict[str, Any] = {"state": state, "power_w": 0, "current_a": None}
    if state is SessionState.CLOSED:
        changes["closed_at"] = _closing_time(session, what, at, connected_at)
    unanswered = (Flag.NO_STOP,) if session.ended_at is None else ()
    session = session_fold.flagged(replace(session, **changes), *unanswered)
    settle_at = session_fold.settle_time(session, now, settle_wait)
    return replace(session, settle_at=settle_at, idle=idle.closed(session, session.idle))


def _closing_time(session: Session, what: Turn, at: datetime, connected_at: datetime | None) -> datetime:
    """Return when the car left. Idle time costs money, so it counts only as far as the occupation was witnessed:

    until the connector was reported free by a pile that was connected all the while since the charge ended; otherwise
    until the session's own last word.
    """
    last = session.ended_at or max(session.started_at, session.reading_at or session.started_at)
    received = session.ended_received_at or last
    unbroken = connected_at is None or connected_at <= received
    witnessed = what is Turn.CAR_GONE and unbroken and received - last <= _PROMPT
    return max(at, last) if witnessed else last
