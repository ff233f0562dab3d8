"""The hub of live pages: who is told what, what a page has missed, when streams end."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest
from tests.console.conftest import NOW, Site

from forecourt.bus.embedded import EmbeddedBus
from forecourt.console import live as console_live
from forecourt.console.live import KEPT, MAX_WATCHERS, LiveHub, Scope, stream
from forecourt.domain.outcome import Changed
from forecourt.domain.records import Role
from forecourt.services import live

ALL = Scope()
STATE = ("state",)


class Wire:
    """A bus with a hub behind it."""

    def __init__(self) -> None:
        self.bus = EmbeddedBus()
        self.hub = LiveHub(self.bus)

    def tell(self, topic: str = "session", **about: Any) -> None:
        event = Changed(topic=topic, at=NOW, **about)
        self.bus.publish(f"{live.SUBJECT}.{topic}", msgspec.json.encode(event))


@pytest.fixture
async def wire() -> AsyncIterator[Wire]:
    made = Wire()
    yield made
    await made.hub.close()


async def due(watcher: console_live.Watcher) -> set[str]:
    return await watcher.due(0.001)


@pytest.mark.parametrize(
    ("scope", "about", "told"),
    [
        (ALL, {"station_id": "a", "pile_id": "p"}, True),
        (Scope(station_id="a"), {"station_id": "a", "pile_id": "p"}, True),
        (Scope(station_id="a"), {"station_id": "b"}, False),
        (Scope(pile_id="p"), {"station_id": "a", "pile_id": "q"}, False),
        (Scope(session_id=7), {"station_id": "a", "pile_id": "p", "session_id": 7}, True),
        (Scope(session_id=7), {"station_id": "a", "pile_id": "p"}, False),
    ],
)
async def test_a_page_is_told_of_what_it_shows(
    wire: Wire, scope: Scope, about: dict[str, Any], told: bool
) -> None:
    watcher = await wire.hub.watch(scope, STATE, "")
    await due(watcher)
    wire.tell(**about)
    assert await due(watcher) == ({"state"} if told else set())
    assert await due(watcher) == set()


async def test_many_events_are_one_refresh_and_other_topics_none(wire: Wire) -> None:
    watcher = await wire.hub.watch(ALL, ("state", "commands"), "")
    assert await due(watcher) == {"state", "commands"}  # where it comes from is not known
    for topic in ("session", "evse", "pile", "cdr", "command", "log", "unheard-of"):
        wire.tell(topic)
    assert await due(watcher) == {"state", "commands"}


async def test_a_page_is_told_what_changed_while_it_was_on_its_way(wire: Wire) -> None:
    first = await wire.hub.watch(ALL, STATE, "")
    mark = wire.hub.mark()
    quiet = await wire.hub.watch(Scope(pile_id="q"), STATE, mark)
    assert await due(quiet) == set()
    wire.tell(pile_id="p")
    assert await due(await wire.hub.watch(Scope(pile_id="p"), STATE, mark)) == {"state"}
    assert await due(await wire.hub.watch(Scope(pile_id="q"), STATE, mark)) == set()
    assert await due(first) == {"state"}


@pytest.mark.parametrize("since", ["", "nonsense", "other.1", ".1", "{mark}x", "-1"])
async def test_a_page_of_another_time_or_process_is_told_everything(wire: Wire, since: str) -> None:
    await wire.hub.watch(ALL, STATE, "")
    watcher = await wire.hub.watch(ALL, STATE, since.replace("{mark}", wire.hub.mark()))
    assert await due(watcher) == {"state"}


async def test_what_is_too_long_ago_to_know_is_everything(wire: Wire) -> None:
    await wire.hub.watch(ALL, STATE, "")
    mark = wire.hub.mark()
    for _ in range(KEPT):
        wire.tell(pile_id="p")
    assert await due(await wire.hub.watch(Scope(pile_id="q"), STATE, mark)) == set()
    wire.tell(pile_id="p")
    assert await due(await wire.hub.watch(Scope(pile_id="q"), STATE, mark)) == {"state"}


async def test_a_gap_on_the_bus_means_everything(wire: Wire) -> None:
    watcher = await wire.hub.watch(Scope(pile_id="q"), STATE, "")
    await due(watcher)
    mark = wire.hub.mark()
    wire.hub.missed()
    assert await due(watcher) == {"state"}
    assert await due(await wire.hub.watch(Scope(pile_id="q"), STATE, mark)) == {"state"}


async def test_nobody_listens_on_the_bus_for_nobody(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(console_live, "LINGER_S", 0.0)
    before = wire.hub.mark()
    wire.tell()
    assert wire.hub.mark() == before
    watcher = await wire.hub.watch(ALL, STATE, "")
    wire.tell()
    assert wire.hub.mark().endswith(".1")
    wire.hub.leave(watcher)
    for _ in range(5):
        await asyncio.sleep(0)
    gone = wire.hub.mark()
    wire.tell()
    assert wire.hub.mark() == gone


async def yes() -> bool:
    return True


async def no() -> bool:
    return False


async def test_a_stream_says_small_events_with_a_mark(wire: Wire) -> None:
    watcher = await wire.hub.watch(ALL, ("state", "log"), "")
    told = stream(wire.hub, watcher, yes, pace_s=0)
    assert await anext(told) == b"retry: 2000\n\n"
    mark = wire.hub.mark()
    assert await anext(told) == (
        f"event: log\nid: {mark}\ndata: .\n\nevent: state\nid: {mark}\ndata: .\n\n".encode()
    )
    wire.tell()
    assert (await anext(told)).startswith(b"event: state\n")
    await told.aclose()  # type: ignore[attr-defined]


async def test_a_quiet_stream_is_kept_alive(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(console_live, "HEARTBEAT_S", 0.001)
    watcher = await wire.hub.watch(ALL, STATE, "")
    await due(watcher)
    told = stream(wire.hub, watcher, yes)
    assert [await anext(told) for _ in range(3)][1:] == [b": alive\n\n"] * 2
    await told.aclose()  # type: ignore[attr-defined]


async def test_a_stream_ends_with_the_server(wire: Wire) -> None:
    watcher = await wire.hub.watch(ALL, STATE, "")
    await due(watcher)
    ended = asyncio.create_task(_all(stream(wire.hub, watcher, yes)))
    await asyncio.sleep(0)
    await wire.hub.close()
    assert await asyncio.wait_for(ended, 5) == [b"retry: 2000\n\n"]


async def test_a_stream_ends_with_the_login(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(console_live, "LOOK_S", 0.0)
    watcher = await wire.hub.watch(ALL, STATE, "")
    assert len(await asyncio.wait_for(_all(stream(wire.hub, watcher, no)), 5)) == 2


async def _all(told: AsyncIterator[bytes]) -> list[bytes]:
    return [part async for part in told]


async def test_there_are_only_so_many_watchers(wire: Wire) -> None:
    watchers = [await wire.hub.watch(ALL, STATE, "") for _ in range(MAX_WATCHERS)]
    assert wire.hub.full
    wire.hub.leave(watchers[0])
    assert not wire.hub.full


async def test_no_more_live_pages_than_there_is_room_for(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(console_live, "MAX_WATCHERS", 0)
    browser = await site.signed_in(Role.VIEWER)
    assert (await browser.get("/live?topics=state")).status_code == 503


async def test_a_page_carries_the_mark_of_its_beginning(site: Site) -> None:
    watcher = await site.hub.watch(ALL, STATE, "")
    mark = site.hub.mark()
    page = await (await site.signed_in()).page("/")
    assert f'data-mark="{mark}"' in page
    assert 'data-live="/live?topics=state"' in page
    site.hub.leave(watcher)
