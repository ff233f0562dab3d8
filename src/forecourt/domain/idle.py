"""Idle time: when a car occupied its EVSE without charging, from what the pile said of its state.

Two sources, never both in one session: an OCPP 2.x pile says it in its transaction events, which may come late or out
of order, so they are kept as *marks*; a 1.6 pile says it in StatusNotifications, which count as they arrive.
"""

from bisect import bisect_right
from datetime import datetime

from forecourt.domain.session import Mark, Session, Span

# SuspendedEVSE is ours (no power to give): never the driver's idle time.
BY_THE_CAR = frozenset({"SuspendedEV", "Finishing"})
# 2.0.1 §3.16. "EVConnected" comes before charging, when nobody is late yet, and again after it has been stopped.
_CHARGING, _CONNECTED = "Charging", "EVConnected"

Spans = tuple[Span, ...]


def marked(marks: tuple[Mark, ...], mark: Mark) -> tuple[Mark, ...]:
    """Return the marks with one more, in the order of time, sequence number and arrival."""
    if not marks or mark[:2] >= marks[-1][:2]:
        return (*marks, mark)
    place = bisect_right(marks, mark[:2], key=_order)
    return (*marks[:place], mark, *marks[place:])


def _order(mark: Mark) -> tuple[datetime, int]:
    return mark[:2]


def toggled(spans: Spans, idle: bool, at: datetime) -> Spans:
    """Return the spans with the last one opened or closed at an instant; what would have no length is left out."""
    if spans and spans[-1][1] is None:
        since = spans[-1][0]
        if idle:
            return spans
        return (*spans[:-1], (since, at)) if at > since else spans[:-1]
    if not idle:
        return spans
    if spans and spans[-1][1] == at:
        return (*spans[:-1], (spans[-1][0], None))
    return (*spans, (at, None))


def in_state(spans: Spans, state: str, at: datetime) -> Spans:
    """Return the spans after a pile reported a state that begins at an instant."""
    return toggled(spans, state in BY_THE_CAR, at)


def at_end(session: Session, end: datetime) -> Spans:
    """Return the idle time of a session whose end has become known, or another: from there on the car only occupies."""
    spans = _of_marks(session) if session.marks else session.idle
    return closed(session, toggled(until(spans, end), True, end))


def by_marks(session: Session) -> Spans:
    """Return the idle time of a session that has got another mark."""
    spans = _of_marks(session)
    end = session.ended_at
    if end is None:
        return closed(session, spans)
    after = tuple((max(start, end), stop) for start, stop in session.idle if stop is None or stop > end)
    spans = until(spans, end)
    if spans and after and spans[-1][1] == after[0][0]:
        return (*spans[:-1], (spans[-1][0], after[0][1]), *after[1:])
    return (*spans, *after)


def closed(session: Session, spans: Spans) -> Spans:
    """Return the spans, the last one ended when the car was gone."""
    return spans if session.closed_at is None else toggled(spans, False, session.closed_at)


def _of_marks(session: Session) -> Spans:
    spans: Spans = ()
    charged = False
    for at, _, state in session.marks:
        charged = charged or state == _CHARGING
        idle = state in BY_THE_CAR or (charged and state == _CONNECTED)
        spans = toggled(spans, idle, max(at, session.started_at))
    return spans


def until(spans: Spans, end: datetime) -> tuple[tuple[datetime, datetime], ...]:
    """Return what of the spans lies before an instant."""
    cut = ((start, min(stop or end, end)) for start, stop in spans)
    return tuple((start, stop) for start, stop in cut if start < stop)
