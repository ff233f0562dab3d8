"""How one transaction message changes a session. Pure; the order of arrival does not matter for the energy."""

from datetime import datetime, timedelta

from msgspec.structs import replace

from forecourt.domain import energy
from forecourt.domain.meter import CURRENT, POWER, REGISTER, SOC, VOLTAGE, MeterValue, value_of
from forecourt.domain.reading import Reading
from forecourt.domain.session import Flag, Session, SessionState, Span, Turn, turn
from forecourt.domain.transaction_event import Kind, TransactionEvent

# Occupied without charging, by the car's doing. SuspendedEVSE is ours (no power to give): never the driver's idle time.
IDLE_STATES = frozenset({"SuspendedEV", "Finishing"})
_STATE_AFTER_STOP = "Finishing"


def flagged(session: Session, *flags: Flag) -> Session:
    """Return the session with flags added, each once, in the order of appearance."""
    new = tuple(flag for flag in flags if flag not in session.flags)
    return replace(session, flags=session.flags + new) if new else session


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
    return tuple(merged)


def has_gap(session: Session) -> bool:
    """Say whether events are known to be missing. A pile whose seqNo starts at 1 has no gap before it (quirk T16)."""
    return len(session.seen) > 1 or Flag.MISSING_START in session.flags


def set_charging_state(session: Session, state: str, at: datetime) -> Session:
    """Return the session in a new charging state, with its idle time opened or closed at that instant."""
    if not state or state == session.charging_state:
        return session
    return replace(session, charging_state=state, idle=_idle(session, state in IDLE_STATES, at))


def _idle(session: Session, idle_now: bool, at: datetime) -> tuple[Span, ...]:
    spans = session.idle
    is_open = bool(spans) and spans[-1][1] is None
    if idle_now and not is_open:
        return (*spans, (max(at, session.started_at), None))
    if not idle_now and is_open:
        return (*spans[:-1], (spans[-1][0], max(at, spans[-1][0])))
    return spans


def close_idle(session: Session, at: datetime) -> Session:
    """Return the session with an open idle time ended."""
    return replace(session, idle=_idle(session, False, at))


def apply(session: Session, event: TransactionEvent, now: datetime, max_power_w: int | None) -> Session:
    """Return the session after one more (timed) message of it; the same again changes no energy, cost or state."""
    at = event.at
    late = session.state is SessionState.CLOSED or (
        session.ended_at is not None and event.kind is not Kind.ENDED
    )
    changes: dict[str, object] = {
        "events": session.events + 1,
        "last_event_at": max(session.last_event_at, now),
    }
    if event.seq_no is not None:
        changes["seen"] = add_seq(session.seen, event.seq_no)
    session = _with_readings(replace(session, **changes), event, max_power_w)
    flags = [
        flag
        for flag, holds in (
            (Flag.PILE_CLOCK_WRONG, not event.clock_right),
            (Flag.LATE_EVENTS, late),
            (Flag.MESSAGE_REPAIRED, bool(event.repairs)),
        )
        if holds
    ]
    session = flagged(session, *flags) if flags else session
    if (
        not late
        and event.kind is not Kind.ENDED
        and at >= session.started_at
        and not _outdated(session, event)
    ):
        session = set_charging_state(session, event.charging_state, at)
    return _ended(session, event, at, now) if event.kind is Kind.ENDED else session


def _outdated(session: Session, event: TransactionEvent) -> bool:
    """Say whether a later event of the session is known already, so that this one tells nothing about the present."""
    return event.seq_no is not None and bool(session.seen) and event.seq_no < session.seen[-1][1]


def _ended(session: Session, event: TransactionEvent, at: datetime, now: datetime) -> Session:
    if session.ended_at is not None:
        return session
    end = max(at, session.started_at)
    session = replace(
        session,
        state=turn(session.state, Turn.ENDED),
        ended_at=end,
        ended_pile_at=event.pile_at,
        ended_received_at=now,
        stop_reason=event.stop_reason,
        power_w=0,
        current_a=None,
    )
    return set_charging_state(session, _STATE_AFTER_STOP, end)


def _with_readings(session: Session, event: TransactionEvent, max_power_w: int | None) -> Session:
    if not event.values:
        return session
    found = registers(event.values)
    if found:
        session = _with_registers(session, found, max_power_w)
    return _with_latest(session, event.values)


def registers(values: tuple[MeterValue, ...]) -> list[Reading]:
    """Return the energy register readings among (timed) meter values; a negative register is no reading."""
    found = []
    for value in values:
        register = value_of((value,), REGISTER)
        if register is not None and register >= 0 and value.at is not None:
            found.append(Reading(value.at, round(register)))
    return found


def _with_registers(session: Session, found: list[Reading], max_power_w: int | None) -> Session:
    readings, in_order = session.readings, Flag.METER_DECREASED not in session.flags
    for reading in found:
        if session.ended_at is not None and reading.at > session.ended_at:
            continue
        in_order = in_order and _continues(readings, reading, max_power_w)
        readings = energy.add(readings, reading)
    if readings is session.readings:
        return session
    session = replace(session, readings=readings)
    return _advanced(session) if in_order else measured(session, max_power_w)


def _continues(readings: tuple[Reading, ...], reading: Reading, max_power_w: int | None) -> bool:
    """Say whether a reading simply goes on from the last one: the ordinary case, which needs no look at the others."""
    if not readings:
        return True
    last = readings[-1]
    rises = reading.at > last.at and reading.register_wh >= last.register_wh
    return rises and energy.plausible(last, reading, max_power_w)


def _advanced(session: Session) -> Session:
    first, last = session.readings[0].register_wh, session.readings[-1].register_wh
    return replace(session, start_register_wh=first, register_wh=last, energy_wh=last - first)


def measured(session: Session, max_power_w: int | None) -> Session:
    """Return the session with energy, registers and flags that its readings say."""
    readings = session.readings
    if not readings:
        return session
    flags = []
    if energy.monotone(readings):
        delivered = readings[-1].register_wh - readings[0].register_wh
    else:
        flags.append(Flag.METER_DECREASED)
        delivered = energy.delivered_wh(readings, max_power_w)
    clock_right = Flag.PILE_CLOCK_WRONG not in session.flags
    if clock_right and delivered and not energy.all_plausible(readings, max_power_w):
        flags.append(Flag.METER_IMPLAUSIBLE)
    session = replace(
        session,
        start_register_wh=readings[0].register_wh,
        register_wh=readings[-1].register_wh,
        energy_wh=delivered,
    )
    return flagged(session, *flags) if flags else session


def _with_latest(session: Session, values: tuple[MeterValue, ...]) -> Session:
    newest = values[-1].at
    if newest is None or session.ended_at is not None or (session.reading_at and newest < session.reading_at):
        return session
    power, soc = value_of(values, POWER), value_of(values, SOC)
    voltage, current = value_of(values, VOLTAGE), value_of(values, CURRENT)
    return replace(
        session,
        reading_at=newest,
        power_w=session.power_w if power is None else round(power),
        soc_percent=session.soc_percent if soc is None else soc,
        voltage_v=session.voltage_v if voltage is None else voltage,
        current_a=session.current_a if current is None else current,
    )


def settle_time(session: Session, now: datetime, wait: timedelta) -> datetime | None:
    """Return when the session's CDR may be issued: at once when all is known, else after the configured wait; None while open."""
    if session.state is SessionState.CLOSED and not has_gap(session):
        return now
    if session.ended_received_at is None and session.closed_at is None:
        return None
    return max(session.ended_received_at or now, session.closed_at or now) + wait
