"""From a session to what is priced: the one way into the price engine for live cost and CDR."""

from datetime import datetime
from decimal import Decimal

from forecourt.domain import energy
from forecourt.domain.price import price
from forecourt.domain.session import Session
from forecourt.domain.tariff import Tariff, Usage


def usage_of(session: Session, zone: str, max_power_w: int | None, now: datetime) -> Usage:
    """Return what a session has used until it closed, ended, or now: billable readings and idle spans, within its times."""
    end = session.closed_at or session.ended_at or now
    end = max(end, session.started_at)
    idle = tuple(
        (start, min(stop or end, end)) for start, stop in session.idle if start < min(stop or end, end)
    )
    return Usage(
        start=session.started_at,
        end=end,
        readings=energy.billable(session.readings, max_power_w),
        idle=idle,
        zone=zone,
    )


def live_cost(tariff: Tariff, session: Session, zone: str, max_power_w: int | None, now: datetime) -> Decimal:
    """Return the cost of a session so far, taxes included."""
    return price(tariff, usage_of(session, zone, max_power_w, now)).total_incl_tax
