"""How a session ends beyond its own messages: the car drives off, the next car starts, a cap is reached."""

from datetime import datetime, timedelta

from msgspec.structs import replace

from forecourt.domain import session_fold
from forecourt.domain.session import Flag, Session, SessionState, Turn, turn


def turned(session: Session, what: Turn, at: datetime, now: datetime, settle_wait: timedelta) -> Session:
    """Return the session after a turn of its state, with the times and flags that follow from it."""
    state = turn(session.state, what)
    if state is session.state:
        return session
    flags = (Flag.NO_STOP,) if state is SessionState.ABANDONED else ()
    session = session_fold.flagged(replace(session, state=state), *flags)
    if state is SessionState.CLOSED:
        closed = _closing_time(session, what, at)
        session = replace(session_fold.close_idle(session, closed), closed_at=closed)
    return replace(session, settle_at=session_fold.settle_time(session, now, settle_wait))


# An end that reached us so much later was queued while the pile was offline.
_PROMPT = timedelta(minutes=5)


def _closing_time(session: Session, what: Turn, at: datetime) -> datetime:
    """Return when the car left. Idle time costs money, so it counts only as far as the occupation was witnessed:

    until the connector was reported free by a pile that was online; otherwise until the session's own last word.
    """
    last = session.ended_at or session.reading_at or session.started_at
    received = session.ended_received_at or last
    witnessed = what is Turn.CAR_GONE and received - last <= _PROMPT
    return max(at, last) if witnessed else last
