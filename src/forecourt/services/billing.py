"""The billing job: settled sessions get their CDR; later evidence gets a credit and a new one (DESIGN §3)."""

import structlog
from msgspec.structs import replace

from forecourt.domain.billing import usage_of
from forecourt.domain.cdr import Billable, Cdr, CdrToken, issue, mask, supersede
from forecourt.domain.outcome import Changed
from forecourt.domain.pile import Pile
from forecourt.domain.session import NEEDS_REVIEW, Flag, Session, SessionSettled
from forecourt.domain.session_fold import flagged, has_gap
from forecourt.domain.station import Station
from forecourt.domain.tariff import Tariff
from forecourt.services import audit, live
from forecourt.services.context import Services

log = structlog.get_logger(__name__)

BATCH = 200


async def settle(sv: Services) -> int:
    """Issue what is due, at most a batch; return the number of sessions dealt with."""
    due = await sv.store.sessions_due(sv.clock.now(), BATCH)
    for session in due:
        await _settle(sv, session)
    return len(due)


async def _settle(sv: Services, session: Session) -> None:
    cdrs = await _cdrs(sv, session)
    assert session.settle_at is not None  # what makes it due
    await sv.store.write(*cdrs, SessionSettled(session.id, session.settle_at))
    live.publish(sv, (_issued(cdr) for cdr in cdrs))


def _issued(cdr: Cdr) -> Changed:
    return Changed(
        topic="cdr",
        at=cdr.issued_at,
        station_id=cdr.station_id,
        pile_id=cdr.pile_id,
        evse_id=cdr.evse_id,
        session_id=cdr.session_id,
    )


async def _cdrs(sv: Services, session: Session) -> tuple[Cdr, ...]:
    """Return what is to be issued: nothing without a tariff, or for a session that an operator has to look at first."""
    pile = await sv.store.pile(session.pile_id)
    station = await sv.store.station(session.station_id)
    tariff = await sv.store.tariff_version(session.tariff_version)
    if pile is None or station is None or tariff is None or NEEDS_REVIEW.intersection(session.flags):
        log.warning(
            "session_not_billed", session=session.id, tariff=session.tariff_version, flags=session.flags
        )
        return ()
    billable = _billable(session, pile, station, tariff)
    last = await sv.store.last_cdr(session.id)
    if last is None:
        return (issue(billable, sv.clock.now()),)
    return supersede(last, billable, sv.clock.now()) or ()


def _billable(session: Session, pile: Pile, station: Station, tariff: Tariff) -> Billable:
    gaps = (Flag.EVENTS_MISSING,) if has_gap(session) else ()
    return Billable(
        session_id=session.id,
        station_id=session.station_id,
        pile_id=session.pile_id,
        evse_id=session.evse_id,
        connector_id=session.connector_id,
        token=CdrToken(mask(session.token_uid), session.token_type),
        usage=usage_of(session, station.time_zone, pile.max_power_w, session.last_event_at),
        tariff=tariff,
        flags=tuple(flagged(session, *gaps).flags),
    )


async def release(sv: Services, session_id: int, actor: str) -> bool:
    """Let a session be billed that was held back for an implausible meter; False when there is nothing to release."""
    session = await sv.store.session(session_id)
    if session is None or not NEEDS_REVIEW.intersection(session.flags):
        return False
    kept = tuple(flag for flag in session.flags if flag not in NEEDS_REVIEW)
    released = replace(session, flags=(*kept, Flag.RELEASED), settle_at=sv.clock.now())
    await sv.store.write(released, audit.entry(sv, actor, "session.release", str(session_id)))
    return True
