"""Questions that many pages ask at once."""

import asyncio

import pytest

from forecourt.console.desk import Common


class Slow:
    """A question whose answer is how often it has been put; it waits until it is let go."""

    def __init__(self) -> None:
        self.put = 0
        self.go = asyncio.Event()

    async def __call__(self) -> int:
        self.put += 1
        mine = self.put
        await self.go.wait()
        return mine


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_who_asks_while_a_question_is_on_its_way_shares_the_next_one() -> None:
    common, slow = Common(), Slow()
    first = asyncio.create_task(common.ask("k", slow))
    await settle()
    later = [asyncio.create_task(common.ask("k", slow)) for _ in range(10)]
    await settle()
    assert slow.put == 1
    slow.go.set()
    assert await first == 1
    assert await asyncio.gather(*later) == [2] * 10
    assert await common.ask("k", slow) == 3


async def test_other_keys_are_other_questions() -> None:
    common, slow = Common(), Slow()
    slow.go.set()
    assert sorted(await asyncio.gather(common.ask("a", slow), common.ask("b", slow))) == [1, 2]


async def test_a_failure_is_told_to_those_who_wait_and_then_forgotten() -> None:
    common = Common()

    async def fails() -> int:
        await asyncio.sleep(0)
        raise ValueError("no")

    async def works() -> int:
        return 7

    first = asyncio.create_task(common.ask("k", fails))
    await asyncio.sleep(0)
    second = asyncio.create_task(common.ask("k", works))
    with pytest.raises(ValueError, match="no"):
        await first
    assert await second == 7
    assert await common.ask("k", works) == 7


async def test_who_goes_away_takes_nothing_from_the_others() -> None:
    common, slow = Common(), Slow()
    one = asyncio.create_task(common.ask("k", slow))
    await settle()
    two, three = (asyncio.create_task(common.ask("k", slow)) for _ in range(2))
    await settle()
    one.cancel()
    two.cancel()
    slow.go.set()
    assert await three == 2
