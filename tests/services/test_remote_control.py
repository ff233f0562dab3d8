"""Commands as they are asked for."""

import asyncio

import pytest

from forecourt.domain.command import Reset
from forecourt.services import remote_control
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


async def test_without_a_key_each_is_a_command_of_its_own(sv: Services) -> None:
    for key in (None, ""):
        one, other = [await remote_control.submit(sv, "P1", Reset(), "api", key) for _ in range(2)]
        assert one.id != other.id


async def test_a_pile_that_does_not_exist_is_refused(sv: Services) -> None:
    with pytest.raises(RefusedError, match="no pile 'P9'"):
        await remote_control.submit(sv, "P9", Reset(), "api")
