"""What runs out while its pile is not connected: zombie sessions (field problem 21) and commands.

Those of connected piles are dealt with in their mailbox.
"""

from datetime import timedelta

from forecourt.domain import remote_control
from forecourt.domain.command import Command, CommandState
from forecourt.domain.outcome import Changed
from forecourt.domain.session import Session, Turn
from forecourt.domain.session_turns import turned
from forecourt.domain.transactions import changed
from forecourt.services import live
from forecourt.services.context import Services
from forecourt.store.work import Claim, Unit

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


async def expire_commands(sv: Services) -> int:
    """Give up queued commands whose time has run out; return how many were found."""
    due = await sv.store.commands_expired(sv.clock.now(), BATCH)
    for command in due:
        await _give_up(sv, command)
    return len(due)


async def _give_up(sv: Services, command: Command) -> None:
    now = sv.clock.now()
    # Compare-and-set: a gateway may be sending it at this moment.
    claim = Claim(command.id, CommandState.QUEUED, CommandState.REJECTED, now)
    unit = Unit((remote_control.given_up(command, now),), pile_id=command.pile_id, claim=claim)
    if (await sv.store.do(unit)).ok:
        event = Changed(topic="command", at=now, pile_id=command.pile_id, command_id=command.id)
        live.publish(sv, (event,))
