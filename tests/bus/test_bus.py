"""The same tests on both buses."""

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest

from forecourt.bus import Bus, NoResponderError, matches, pile_subject
from forecourt.bus.embedded import EmbeddedBus
from forecourt.bus.nats import NatsBus


@pytest.fixture(params=["embedded", pytest.param("nats", marks=pytest.mark.nats)])
async def bus(request: pytest.FixtureRequest) -> AsyncIterator[Bus]:
    if request.param == "embedded":
        made: Bus = EmbeddedBus()
    else:
        made = await NatsBus.connect(request.getfixturevalue("nats_url"))
    yield made
    await made.close()


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0.01)


async def test_a_message_reaches_every_subscriber_of_its_subject_in_order(bus: Bus) -> None:
    exact: list[bytes] = []
    wild: list[tuple[str, bytes]] = []
    await bus.subscribe("live.session", lambda _, payload: exact.append(payload))
    await bus.subscribe("live.*", lambda subject, payload: wild.append((subject, payload)))
    for number in range(50):
        bus.publish("live.session", b"%d" % number)
    bus.publish("live.evse", b"e")
    bus.publish("other", b"x")
    await until(lambda: len(wild) == 51)
    assert exact == [b"%d" % number for number in range(50)]
    assert wild[-1] == ("live.evse", b"e")


async def test_an_ended_subscription_hears_nothing_more(bus: Bus) -> None:
    heard: list[bytes] = []
    kept: list[bytes] = []
    ended = await bus.subscribe("a.b", lambda _, payload: heard.append(payload))
    await bus.subscribe("a.>", lambda _, payload: kept.append(payload))
    await ended.end()
    bus.publish("a.b", b"1")
    await until(lambda: kept == [b"1"])
    assert heard == []


async def test_a_subscriber_that_fails_does_not_disturb_the_others(bus: Bus) -> None:
    heard: list[bytes] = []

    def fail(_: str, __: bytes) -> None:
        raise RuntimeError("broken subscriber")

    await bus.subscribe("a", fail)
    await bus.subscribe("a", lambda _, payload: heard.append(payload))
    bus.publish("a", b"1")
    bus.publish("a", b"2")
    await until(lambda: heard == [b"1", b"2"])


async def test_a_request_is_answered_and_one_without_responder_says_so_at_once(bus: Bus) -> None:
    async def double(payload: bytes) -> bytes:
        return payload * 2

    responder = await bus.respond(pile_subject("a.*b c"), double)
    assert await bus.request(pile_subject("a.*b c"), b"xy", timeout=5) == b"xyxy"
    await responder.end()
    with pytest.raises(NoResponderError):
        await bus.request(pile_subject("a.*b c"), b"xy", timeout=5)


async def test_a_responder_that_is_too_slow_is_a_time_out(bus: Bus) -> None:
    async def never(payload: bytes) -> bytes:
        await asyncio.sleep(60)
        return payload

    await bus.respond("slow", never)
    with pytest.raises(TimeoutError):
        await bus.request("slow", b"", timeout=0.05)


def test_pile_subjects_are_single_words_and_differ() -> None:
    ids = ["CP.1", "CP*1", "CP 1", "CP>1", "充电桩"]
    subjects = {pile_subject(pile_id) for pile_id in ids}
    assert len(subjects) == len(ids)
    assert all(subject.count(".") == 1 and subject.isascii() and " " not in subject for subject in subjects)


@pytest.mark.parametrize(
    ("pattern", "subject", "expected"),
    [
        ("a.b", "a.b", True),
        ("a.*", "a.b", True),
        ("a.*", "a.b.c", False),
        ("a.>", "a.b.c", True),
        ("a.>", "a", False),
        ("*", "a.b", False),
        ("a.b.c", "a.b", False),
    ],
)
def test_patterns_match_as_in_nats(pattern: str, subject: str, expected: bool) -> None:
    assert matches(pattern, subject) is expected
