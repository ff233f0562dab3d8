"""Commands as they are asked for."""

import asyncio
from datetime import timedelta

import pytest
from tests.services.conftest import HandClock

from forecourt.domain.command import ChangeConfiguration, CommandState, Reset
from forecourt.services import expiry, remote_control
from forecourt.services.context import Services
from forecourt.services.remote_control import RefusedError


async def test_the_same_idempotency_key_is_the_same_command_even_twice_at_once(sv: Services) -> None:
    both = [remote_control.submit(sv, "P1", Reset(), "api", "key") for _ in range(2)]
    first, second = await asyncio.gather(*both)
    assert first == second == await remote_control.submit(sv, "P1", Reset(), "api", "key")


async def test_a_key_belongs_to_one_request_of_one_requester(sv: Services) -> None:
    first = await remote_control.submit(sv, "P1", Reset(), "api", "key")
    with pytest.raises(RefusedError, match="used for another command"):
        await remote_control.submit(sv, "P1", Reset(when_idle=False), "api", "key")
    assert (await remote_control.submit(sv, "P1", Reset(), "someone else", "key")).id != first.id


async def test_a_key_still_knows_its_request_after_its_password_is_masked(
    sv: Services, clock: HandClock
) -> None:
    request = ChangeConfiguration("AuthorizationKey", "0123456789abcdef")
    first = await remote_control.submit(sv, "P1", request, "api", "key")
    clock.at += timedelta(hours=1)
    assert await expiry.expire_commands(sv) == 1
    again = await remote_control.submit(sv, "P1", request, "api", "key")
    assert (again.id, again.request) == (first.id, ChangeConfiguration("AuthorizationKey", "****"))


async def test_without_a_key_each_is_a_command_of_its_own(sv: Services) -> None:
    for key in (None, ""):
        one, other = [await remote_control.submit(sv, "P1", Reset(), "api", key) for _ in range(2)]
        assert one.id != other.id


async def test_a_pile_that_does_not_exist_is_refused(sv: Services) -> None:
    with pytest.raises(RefusedError, match="no pile 'P9'"):
        await remote_control.submit(sv, "P9", Reset(), "api")


async def test_a_command_whose_pile_never_came_is_given_up(sv: Services, clock: HandClock) -> None:
    command = await remote_control.submit(sv, "P1", Reset(), "api", life=timedelta(seconds=60))
    clock.at += timedelta(seconds=59)
    assert await expiry.expire_commands(sv) == 0
    clock.at += timedelta(seconds=2)
    assert await expiry.expire_commands(sv) == 1
    known = await sv.store.command(command.id)
    assert known is not None
    assert (known.state, known.sent_at, known.finished_at) == (CommandState.REJECTED, None, clock.at)
    assert "expired" in known.error
    assert await expiry.expire_commands(sv) == 0


async def test_a_command_that_is_just_being_sent_is_not_given_up(sv: Services, clock: HandClock) -> None:
    command = await remote_control.submit(sv, "P1", Reset(), "api", life=timedelta(0))
    await sv.store.claim_command(command.id, CommandState.QUEUED, CommandState.SENT, clock.at)
    await expiry._give_up(sv, command)
    known = await sv.store.command(command.id)
    assert known is not None
    assert known.state is CommandState.SENT
