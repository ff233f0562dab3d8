"""Ids from reserved ranges, and tokens from a cache that forgets."""

import asyncio
from collections.abc import Awaitable

from forecourt.domain.token import Token
from forecourt.services.ids import IdRange
from forecourt.services.tokens import KNOWN_FOR_S, MAX_ENTRIES, MISSING, UNKNOWN_FOR_S, TokenCache


class Reserved:
    """A store that hands out ranges."""

    def __init__(self) -> None:
        self.next, self.asked = 1, 0

    def __call__(self, name: str, count: int) -> Awaitable[int]:
        return self._reserve(count)

    async def _reserve(self, count: int) -> int:
        self.asked += 1
        first, self.next = self.next, self.next + count
        await asyncio.sleep(0)
        return first


async def test_ids_are_taken_in_order_and_refilled_before_they_run_out() -> None:
    store = Reserved()
    ids = IdRange(store, "session", size=8)
    assert ids.take() == 0
    await asyncio.gather(*[ids.refilled() for _ in range(5)])
    assert store.asked == 1
    taken = []
    for _ in range(40):
        taken.append(ids.take())
        await asyncio.sleep(0)
        await asyncio.sleep(0)
    assert taken == list(range(1, 41))


async def test_ids_that_are_taken_faster_than_they_come_are_waited_for() -> None:
    ids = IdRange(Reserved(), "session", size=4)
    await ids.refilled()
    assert [ids.take() for _ in range(5)] == [1, 2, 3, 4, 0]
    await ids.refilled()
    assert ids.take() == 5


def test_a_token_is_remembered_for_a_minute_and_its_absence_for_seconds() -> None:
    now = 0.0
    cache = TokenCache(lambda: now)
    cache.put("known", Token(uid="KNOWN"))
    cache.put("unknown", None)
    assert cache.get("known") == Token(uid="KNOWN")
    assert cache.get("unknown") is None
    now = UNKNOWN_FOR_S + 0.1
    assert cache.get("unknown") is MISSING
    now = KNOWN_FOR_S + 0.1
    assert cache.get("known") is MISSING


def test_a_changed_token_is_forgotten_however_it_is_spelt() -> None:
    cache = TokenCache(lambda: 0.0)
    for spelling in ("abc", "ABC", "other"):
        cache.put(spelling, Token(uid=spelling))
    cache.forget("aBc")
    assert [cache.get(spelling) is MISSING for spelling in ("abc", "ABC", "other")] == [True, True, False]
    cache.clear()
    assert cache.get("other") is MISSING


def test_the_cache_is_bounded() -> None:
    cache = TokenCache(lambda: 0.0)
    for index in range(MAX_ENTRIES + 1):
        cache.put(str(index), None)
    assert cache.get("0") is MISSING
    assert cache.get(str(MAX_ENTRIES)) is None
