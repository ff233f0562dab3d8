"""From a session to what is priced: the one way into the price engine for live cost and CDR."""

from datetime import datetime
from decimal import Decimal

from msgspec.structs import replace

from forecourt.domain import energy, idle
from forecourt.domain.outcome import PileState
from forecourt.domain.price import total
from forecourt.domain.session import Session
from forecourt.domain.session_fold import counted
from forecourt.domain.tariff import Tariff, Usage


def usage_of(session: Session, zone: str, max_power_w: int | None, now: datetime) -> Usage:
    """Return what a session has used until it closed, ended, or now: billable readings and idle spans, within its times."""
    end = session.closed_at or session.ended_at or now
    end = max(end, session.started_at)
    return Usage(
        start=session.started_at,
        end=end,
        readings=energy.billable(counted(session), max_power_w),
        idle=idle.until(session.idle, end),
        zone=zone,
    )


def live_cost(tariff: Tariff, session: Session, zone: str, max_power_w: int | None, now: datetime) -> Decimal:
    """Return the cost of a session so far, taxes included. ValueError: as ``total``."""
    return total(tariff, usage_of(session, zone, max_power_w, now))


def priced(state: PileState, session: Session, now: datetime) -> Session:
    """Return the session with its cost so far, where the tariff that it began with is at hand; what has none keeps it."""
    if state.tariff is None or session.tariff_version != state.tariff_version:
        return session
    zone, rating = state.station.time_zone, state.pile.max_power_w
    try:
        cost = live_cost(state.tariff, session, zone, rating, now)
    except ValueError:
        # A usage that the engine refuses (longer than a year) has no price; what the pile says of it counts all the same.
        return session
    return replace(session, cost=cost, cost_at=now)
