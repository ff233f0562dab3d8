"""How one transaction message changes a session. Pure; the order of arrival makes no difference for energy and idle time."""

from bisect import bisect_right
from collections.abc import Iterable
from datetime import datetime, timedelta
from operator import attrgetter
from typing import Any, Protocol

from msgspec.structs import replace

from forecourt.domain import energy, idle
from forecourt.domain.meter import CURRENT, MOST, POWER, REGISTER, SOC, VOLTAGE, MeterValue, latest, total
from forecourt.domain.reading import Reading
from forecourt.domain.session import Flag, Mark, Session, SessionState, Turn, turn
from forecourt.domain.transaction_event import Kind, TransactionEvent

_STATE_AFTER_STOP = "Finishing"
# 2.0.1 §3.16: "There is no connection between EV and EVSE."
NOT_CONNECTED = "Idle"
# A pile that numbers wildly must not make its session grow without end; a gap remains a gap.
_MOST_INTERVALS = 64
_OF_THE_METER = frozenset({Flag.METER_DECREASED, Flag.METER_IMPLAUSIBLE, Flag.RELEASED})
# Doubts that the end of a session settles.
_UNTIL_ENDED = frozenset({Flag.NO_STOP, Flag.AVAILABLE_WHILE_OPEN})
_at = attrgetter("at")


class Told(Protocol):
    """A stored message of a session (with corrected times), as ``restored`` needs it."""

    @property
    def key(self) -> int: ...
    @property
    def kind(self) -> str: ...
    @property
    def seq_no(self) -> int | None: ...
    @property
    def at(self) -> datetime: ...
    @property
    def received_at(self) -> datetime: ...
    @property
    def charging_state(self) -> str: ...
    @property
    def values(self) -> tuple[MeterValue, ...]: ...


def restored(session: Session, messages: Iterable[Told]) -> Session:
    """Return a session from its row with what only its messages say (``session.IN_MEMORY``)."""
    marks: tuple[Mark, ...] = ()
    readings: list[Reading] = []
    keys: list[int] = []
    for told in sorted(messages, key=lambda message: message.received_at):
        keys.append(told.key)
        readings += registers(told.values)
        if told.seq_no is not None and told.charging_state and told.kind != Kind.ENDED:
            marks = idle.marked(marks, (told.at, told.seq_no, told.charging_state))
    return replace(session, readings=energy.merged((), readings), marks=marks, keys=tuple(keys))


def flagged(session: Session, *flags: Flag) -> Session:
    """Return the session with flags added, each once, in the order of appearance."""
    new = tuple(flag for flag in flags if flag not in session.flags)
    return replace(session, flags=session.flags + new) if new else session


def unflagged(session: Session, flags: frozenset[Flag]) -> Session:
    """Return the session without these flags."""
    kept = tuple(flag for flag in session.flags if flag not in flags)
    return session if len(kept) == len(session.flags) else replace(session, flags=kept)


def add_seq(seen: tuple[tuple[int, int], ...], seq_no: int) -> tuple[tuple[int, int], ...]:
    """Return the closed intervals of sequence numbers with one more number in them."""
    if seen and seq_no == seen[-1][1] + 1:
        return (*seen[:-1], (seen[-1][0], seq_no))
    if any(low <= seq_no <= high for low, high in seen):
        return seen
    merged: list[tuple[int, int]] = []
    for low, high in sorted([*seen, (seq_no, seq_no)]):
        if merged and low <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(high, merged[-1][1]))
        else:
            merged.append((low, high))
    if len(merged) > _MOST_INTERVALS:
        merged[:2] = [(merged[0][0], merged[1][1])]
    return tuple(merged)


def has_gap(session: Session) -> bool:
    """Say whether events are known to be missing. A pile whose seqNo starts at 1 has no gap before it (quirk T16)."""
    return len(session.seen) > 1 or Flag.MISSING_START in session.flags


def set_charging_state(session: Session, state: str, at: datetime) -> Session:
    """Return the session in a charging state that a status report told (OCPP 1.6), its idle time opened or closed."""
    if not state or state == session.charging_state:
        return session
    return replace(session, charging_state=state, idle=idle.in_state(session.idle, state, at))


def apply(session: Session, event: TransactionEvent, now: datetime, max_power_w: int | None) -> Session:
    """Return the session after one more (timed) message of it.

    The same message again changes nothing but when the session was last heard of.
    """
    if is_repeated(session, event):
        return _heard_again(session, now)
    over = session.ended_at is not None or session.state is SessionState.CLOSED
    changes = _noted(session, event, over, now)
    read = _read(session, event, over, max_power_w) if event.values else {}
    after = replace(session, **changes, **read)
    if event.kind is not Kind.UPDATED or Flag.MISSING_START in session.flags:
        after = _bounded(session, after, event, now)
    moved = after.ended_at != session.ended_at or after.started_at != session.started_at
    if "energy_wh" not in read and (moved or "readings" in read):
        after = measured(after, max_power_w)
    if moved or over or ("marks" in changes and not _same_state(session, after)):
        after = _with_state(session, after)
    return after


def is_repeated(session: Session, event: TransactionEvent) -> bool:
    """Say whether a message of the session has come again; one with the next sequence number has not."""
    if event.seq_no is not None and session.seen and event.seq_no == session.seen[-1][1] + 1:
        return False
    return event.key in session.keys


def _heard_again(session: Session, now: datetime) -> Session:
    if session.state is SessionState.CLOSED or session.last_event_at >= now:
        return session
    return replace(session, last_event_at=now)


def set_back(session: Session, event: TransactionEvent, now: datetime, max_power_w: int | None) -> bool:
    """Say whether the pile's clock has been set back during the session, so that this message is from now.

    Its time is before that of a reading that is known, yet the meter has gone on, and so has the sequence number (2.x;
    1.6 piles send in order, 1.6 §3.7.1). A message that is merely late has a lower register.
    """
    last = session.readings[-1] if session.readings else None
    if last is None or event.at >= last.at or session.ended_at is not None:
        return False
    if event.seq_no is not None and not (session.seen and event.seq_no == session.seen[-1][1] + 1):
        return False
    told = [Reading(now, reading.register_wh) for reading in registers(event.values)]
    return any(r.register_wh > last.register_wh and energy.plausible(last, r, max_power_w) for r in told)


def _noted(session: Session, event: TransactionEvent, over: bool, now: datetime) -> dict[str, Any]:
    """Return the changes that every message makes."""
    changes: dict[str, Any] = {
        "keys": (*session.keys, event.key),
        "events": session.events + 1,
        "last_event_at": max(session.last_event_at, now),
    }
    if event.seq_no is not None:
        changes["seen"] = add_seq(session.seen, event.seq_no)
        if event.charging_state and event.kind is not Kind.ENDED:
            mark = event.at, event.seq_no, event.charging_state
            changes["marks"] = idle.marked(session.marks, mark)
    if over or event.repairs or not event.clock_right:
        changes["flags"] = flagged(session, *_odd(event, over)).flags
    return changes


def _odd(event: TransactionEvent, over: bool) -> list[Flag]:
    odd = (
        (Flag.PILE_CLOCK_WRONG, event.pile_at is not None and not event.clock_right),
        (Flag.LATE_EVENTS, over and event.kind is not Kind.ENDED),
        (Flag.MESSAGE_REPAIRED, bool(event.repairs)),
    )
    return [flag for flag, holds in odd if holds]


def _same_state(before: Session, after: Session) -> bool:
    """Say whether the newest mark only repeats the state that was: then nothing follows from it."""
    if not before.marks or after.marks[-1] is before.marks[-1]:
        return False
    return after.marks[-1][2] == before.marks[-1][2]


def _with_state(before: Session, session: Session) -> Session:
    """Return the session with the charging state and the idle time that follow from its marks and its end."""
    if session.ended_at is not None and session.ended_at != before.ended_at:
        return replace(session, idle=idle.at_end(session, session.ended_at))
    if not session.marks:
        return session
    state = session.marks[-1][2] if session.ended_at is None else session.charging_state
    return replace(session, charging_state=state, idle=idle.by_marks(session))


def _bounded(before: Session, session: Session, event: TransactionEvent, now: datetime) -> Session:
    """Return the session with the start and end that the message says, or implies as long as the start is missing."""
    if Flag.MISSING_START in before.flags:
        begun = event.at if event.kind is Kind.STARTED else min(session.started_at, event.at)
        session = replace(session, started_at=begun)
    if event.kind is Kind.ENDED and _ends(before, event):
        session = _ended(session, event, now)
    if session.ended_at is not None and session.ended_at < session.started_at:
        session = replace(session, ended_at=session.started_at)
    if session.closed_at is not None:
        session = replace(session, closed_at=max(session.closed_at, session.ended_at or session.started_at))
    return session


def _ends(session: Session, event: TransactionEvent) -> bool:
    """Say whether an Ended is the end of the session; of several different ones, the first with the highest register is."""
    if session.ended_at is None:
        return True
    known = [reading.register_wh for reading in session.readings if reading.at == session.ended_at]
    told = [reading.register_wh for reading in registers(event.values)]
    higher = max(told, default=-1) - max(known, default=-1)
    return event.at != session.ended_at and (higher > 0 or (higher == 0 and event.at < session.ended_at))


def _ended(session: Session, event: TransactionEvent, now: datetime) -> Session:
    state = turn(session.state, Turn.ENDED)
    gone = event.charging_state == NOT_CONNECTED
    session = replace(
        session,
        state=state,
        ended_at=event.at,
        ended_pile_at=event.pile_at,
        ended_received_at=now,
        closed_at=event.at
        if state is SessionState.CLOSED and session.closed_at is None
        else session.closed_at,
        stop_reason=event.stop_reason,
        charging_state=NOT_CONNECTED if gone else _STATE_AFTER_STOP,
        # What was idle after another end, was not if this one is later.
        idle=session.idle if session.ended_at is None else idle.until(session.idle, session.ended_at),
        power_w=0,
        current_a=None,
    )
    return unflagged(session, _UNTIL_ENDED)


def registers(values: tuple[MeterValue, ...]) -> list[Reading]:
    """Return the energy register readings among (timed) meter values; a negative register is no reading."""
    found = []
    for value in values:
        register = whole(total(value.samples, REGISTER))
        if register is not None and register >= 0 and value.at is not None:
            found.append(Reading(value.at, register))
    return found


def whole(value: float | None) -> int | None:
    """Return a number as whole Wh or W; None where there is none, or none that can be meant."""
    return round(value) if value is not None and -MOST <= value <= MOST else None


def _read(session: Session, event: TransactionEvent, over: bool, max_power_w: int | None) -> dict[str, Any]:
    """Return what the meter values change: energy at once in the ordinary case, else the readings, to be ``measured``."""
    changes = _shown(session, event.values, over)
    found = registers(event.values)
    if not found:
        return changes
    known = session.readings
    if over or not _OF_THE_METER.isdisjoint(session.flags) or not _continues(known, found, max_power_w):
        merged = energy.merged(known, found)
        return changes if merged == known else {**changes, "readings": merged}
    readings = (*known, *found)
    first, last = readings[0].register_wh, readings[-1].register_wh
    measured = {"start_register_wh": first, "register_wh": last, "energy_wh": last - first}
    return {**changes, "readings": readings, **measured}


def _continues(readings: tuple[Reading, ...], found: list[Reading], max_power_w: int | None) -> bool:
    """Say whether readings simply go on from the last one: the ordinary case, which needs no look at the others."""
    last = readings[-1] if readings else None
    for reading in found:
        if last is not None and not (
            reading.at > last.at
            and reading.register_wh >= last.register_wh
            and energy.plausible(last, reading, max_power_w)
        ):
            return False
        last = reading
    return True


def counted(session: Session) -> tuple[Reading, ...]:
    """Return the readings that count.

    OCPP 1.6: meterStop is the last word, since a pile may go on naming the old transaction when the next car charges.
    2.x: all of them, since the pile's transaction ids are unique (E01.FR.08).
    """
    if session.ended_at is None or session.start_key == 0:
        return session.readings
    until_end = session.readings[: bisect_right(session.readings, session.ended_at, key=_at)]
    named = bool(until_end) and until_end[-1].at == session.ended_at
    return until_end if named else session.readings


def measured(session: Session, max_power_w: int | None) -> Session:
    """Return the session with energy, registers and flags that its readings say."""
    readings = counted(session)
    if not readings:
        return session
    usable = energy.billable(readings, max_power_w)
    delivered = usable[-1].register_wh - usable[0].register_wh
    # What an operator has released stays released, as long as it is what was looked at.
    released = Flag.RELEASED in session.flags and delivered == session.energy_wh
    verdict = (
        (Flag.METER_DECREASED, not energy.monotone(readings)),
        (Flag.METER_IMPLAUSIBLE, not released and not energy.all_plausible(usable, max_power_w)),
        (Flag.RELEASED, released),
    )
    gone = frozenset(flag for flag, holds in verdict if not holds)
    session = replace(
        unflagged(session, gone),
        start_register_wh=readings[0].register_wh,
        register_wh=readings[-1].register_wh,
        energy_wh=delivered,
    )
    return flagged(session, *(flag for flag, holds in verdict if holds))


def _shown(session: Session, values: tuple[MeterValue, ...], over: bool) -> dict[str, Any]:
    """Return the newest values, as pages show them; after the end there is no more power and current."""
    newest = values[-1].at
    if newest is None or (session.reading_at is not None and newest < session.reading_at):
        return {}
    told = latest(values)
    found = {
        "soc_percent": told.get(SOC),
        "voltage_v": told.get(VOLTAGE),
        "power_w": None if over else whole(told.get(POWER)),
        "current_a": None if over else told.get(CURRENT),
    }
    return {"reading_at": newest, **{name: value for name, value in found.items() if value is not None}}


def settle_time(session: Session, now: datetime, wait: timedelta) -> datetime | None:
    """Return when the session's CDR may be issued: at once when all is known, else after the configured wait; None while open."""
    if session.state is SessionState.CLOSED and not has_gap(session):
        return now
    if session.ended_received_at is None and session.closed_at is None:
        return None
    return max(session.ended_received_at or now, session.closed_at or now) + wait
