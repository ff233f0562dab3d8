"""Giving commands in these tests, and waiting for what becomes of them."""

from tests.gateway.conftest import House, until

from forecourt.domain import command as ours
from forecourt.domain.command import Command, CommandState
from forecourt.gateway.connection import Connection

CLEAR_CACHE = ours.RawCall("ClearCache", {})


async def ended(house: House, command: Command) -> Command:
    """Wait until a command is no longer queued or sent."""

    async def concluded() -> Command | None:
        found = await house.command_state(command)
        return None if found.state in (CommandState.QUEUED, CommandState.SENT) else found

    result: Command = await until(concluded)
    return result


def connection(house: House) -> Connection:
    found = house.gateway._hub.registry.get("CP1")
    assert found is not None
    return found


def silent(house: House) -> None:
    """Let the bus lose what is published from now on."""
    house.sv.bus.publish = lambda subject, payload: None  # type: ignore[method-assign]
