"""The billing job: settled sessions get their CDR; later evidence gets a credit and a new one (DESIGN §3)."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

import structlog

from forecourt.domain.billing import usage_of
from forecourt.domain.cdr import Billable, Cdr, CdrToken, issue, mask, supersede
from forecourt.domain.outcome import Changed
from forecourt.domain.records import AuditEntry
from forecourt.domain.session import NEEDS_REVIEW, Flag, Session, SessionReleased, SessionSettled
from forecourt.domain.session_fold import flagged, has_gap
from forecourt.domain.tariff import Tariff
from forecourt.services import audit, live
from forecourt.services.context import Services

log = structlog.get_logger(__name__)

BATCH = 200


async def settle(sv: Services) -> int:
    """Issue what is due, at most a batch; return the number of sessions dealt with."""
    due = await sv.store.sessions_due(sv.clock.now(), BATCH)
    if due:
        last = await sv.store.last_cdrs([session.id for session in due])
        pricings = await _pricings(sv, due)
        await asyncio.gather(*[_settle(sv, session, pricings[session.id], last) for session in due])
    return len(due)


async def _pricings(sv: Services, due: Sequence[Session]) -> "dict[int, Pricing | None]":
    """Return what each session is priced by; None where the tariff, station or pile is missing."""
    tariffs = await sv.store.tariff_versions({session.tariff_version for session in due})
    zones = await sv.store.time_zones({session.station_id for session in due})
    ratings = await sv.store.ratings({session.pile_id for session in due})
    return {
        session.id: Pricing(
            tariffs[session.tariff_version], zones[session.station_id], ratings[session.pile_id]
        )
        if session.tariff_version in tariffs and session.station_id in zones and session.pile_id in ratings
        else None
        for session in due
    }


class Pricing(NamedTuple):
    """What a session is priced by."""

    tariff: Tariff
    zone: str
    max_power_w: int | None


async def _settle(sv: Services, session: Session, pricing: Pricing | None, last: Mapping[int, Cdr]) -> None:
    assert session.settle_at is not None  # what makes it due
    rows, cdrs = _rows(sv, session, pricing, last.get(session.id))
    await sv.store.write(*rows, SessionSettled(session.id, session.settle_at))
    live.publish(sv, (_issued(cdr) for cdr in cdrs))


def _rows(
    sv: Services, session: Session, pricing: Pricing | None, last: Cdr | None
) -> tuple[tuple[Cdr | AuditEntry, ...], tuple[Cdr, ...]]:
    """Return what is to be written, and the CDRs in it: none without a tariff, or before an operator has looked at it."""
    if pricing is None or NEEDS_REVIEW.intersection(session.flags):
        return (), ()
    try:
        cdrs = _cdrs(_billable(session, pricing), last, sv.clock.now())
    except ValueError as error:
        log.error("session_not_billed", session=session.id, error=str(error))
        return (audit.entry(sv, "billing", "session.not_billed", str(session.id), str(error)),), ()
    return cdrs, cdrs


def _cdrs(billable: Billable, last: Cdr | None, now: datetime) -> tuple[Cdr, ...]:
    if last is None:
        return (issue(billable, now),)
    return supersede(last, billable, now) or ()


def _issued(cdr: Cdr) -> Changed:
    return Changed(
        topic="cdr",
        at=cdr.issued_at,
        station_id=cdr.station_id,
        pile_id=cdr.pile_id,
        evse_id=cdr.evse_id,
        session_id=cdr.session_id,
    )


def _billable(session: Session, pricing: Pricing) -> Billable:
    gaps = (Flag.EVENTS_MISSING,) if has_gap(session) else ()
    return Billable(
        session_id=session.id,
        station_id=session.station_id,
        pile_id=session.pile_id,
        evse_id=session.evse_id,
        connector_id=session.connector_id,
        token=CdrToken(mask(session.token_uid), session.token_type),
        usage=usage_of(session, pricing.zone, pricing.max_power_w, session.last_event_at),
        tariff=pricing.tariff,
        flags=tuple(flagged(session, *gaps).flags),
    )


async def release(sv: Services, session_id: int, actor: str) -> bool:
    """Let a session be billed that was held back for an implausible meter; False when there is nothing to release."""
    session = await sv.store.session(session_id)
    if session is None or not NEEDS_REVIEW.intersection(session.flags):
        return False
    kept = tuple(flag for flag in session.flags if flag not in NEEDS_REVIEW)
    # Not the whole row: the pile's mailbox may be writing to it.
    released = SessionReleased(session_id, (*kept, Flag.RELEASED), sv.clock.now())
    await sv.store.write(released, audit.entry(sv, actor, "session.release", str(session_id)))
    return True
