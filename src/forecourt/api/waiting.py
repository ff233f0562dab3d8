"""Waiting for what becomes of a command, by live events; these may be lost, so that it is looked at once more at the end."""

import asyncio

from forecourt.domain.command import Command, CommandState
from forecourt.services import live
from forecourt.services.context import Services

UNDECIDED = frozenset({CommandState.QUEUED, CommandState.SENT})


async def outcome(sv: Services, command_id: str, seconds: float) -> Command | None:
    """Return the command when it is answered or given up, or as it is after so many (real) seconds; None: there is none."""
    changed = asyncio.Event()

    def deliver(subject: str, payload: bytes) -> None:
        if live.decode(payload).command_id == command_id:
            changed.set()

    # Subscribed before the first look: what happens in between is not missed.
    subscription = await sv.bus.subscribe(f"{live.SUBJECT}.command", deliver)
    try:
        async with asyncio.timeout(seconds):
            while _undecided(command := await sv.store.command(command_id)):
                await changed.wait()
                changed.clear()
            return command
    except TimeoutError:
        return await sv.store.command(command_id)
    finally:
        await subscription.end()


def _undecided(command: Command | None) -> bool:
    return command is not None and command.state in UNDECIDED
