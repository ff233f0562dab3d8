"""Zombie sessions of piles that are not connected (field problem 21); those of connected ones expire in their mailbox."""

from datetime import timedelta

from forecourt.domain.session import Session, Turn
from forecourt.domain.session_turns import turned
from forecourt.domain.transactions import changed
from forecourt.services import live
from forecourt.services.context import Services
from forecourt.store.work import Unit

BATCH = 100


async def expire_offline(sv: Services) -> int:
    """Close sessions that have been silent for longer than the cap; return how many were found silent."""
    cap = timedelta(seconds=sv.config.session_cap)
    silent = await sv.store.stale_sessions(sv.clock.now() - cap, BATCH)
    for session in silent:
        await _expire(sv, session)
    return len(silent)


async def _expire(sv: Services, session: Session) -> None:
    detail = await sv.store.pile_detail(session.pile_id)
    if detail is None or detail.owner.online:
        return
    now = sv.clock.now()
    closed = turned(session, Turn.CAP, now, now, sv.rules.settle_wait)
    # Fenced: if the pile has connected meanwhile, its mailbox knows better.
    unit = Unit((closed,), pile_id=session.pile_id, generation=detail.owner.generation)
    if (await sv.store.do(unit)).ok:
        live.publish(sv, (changed(closed, now),))
