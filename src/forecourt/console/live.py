"""Live pages: what changed, told over Server-Sent Events; the page then asks for the fragments concerned.

One subscription serves all watchers of the process, and exists only while somebody watches. A page carries the mark of
the moment at which it was rendered; from it, or from ``Last-Event-ID`` after a cut, the hub knows what the page has
missed, and says so first. Where it can't know (too long ago, another process, messages lost on the bus), everything is
said to have changed.
"""

import asyncio
import secrets
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from types import MappingProxyType

import msgspec

from forecourt.bus import Bus, Subscription
from forecourt.domain.outcome import Changed
from forecourt.services import live

# What a page's fragments listen to, by the topic of the event.
NAMES: Mapping[str, str] = MappingProxyType(
    {
        "evse": "state",
        "pile": "state",
        "session": "state",
        "cdr": "state",
        "command": "commands",
        "log": "log",
    }
)
KEPT = 2_000
MAX_WATCHERS = 500
# At most one refresh a second for each fragment; a comment keeps proxies from cutting a quiet connection.
PACE_S = 1.0
HEARTBEAT_S = 15.0
# The subscription outlives the last watcher for a while: somebody goes from one page to the next.
LINGER_S = 30.0
LOOK_S = 60.0


class Scope(msgspec.Struct, frozen=True):
    """What a page is about; empty: the whole network."""

    station_id: str = ""
    pile_id: str = ""
    session_id: int | None = None

    def covers(self, event: Changed) -> bool:
        """Say whether an event concerns the page."""
        return (
            (not self.station_id or event.station_id == self.station_id)
            and (not self.pile_id or event.pile_id == self.pile_id)
            and (self.session_id is None or event.session_id == self.session_id)
        )


class Watcher:
    """One open page: the names that are due. A set, so that it is bounded whatever happens."""

    def __init__(self, scope: Scope, names: frozenset[str]) -> None:
        self._scope = scope
        self._names = names
        self._due: set[str] = set()
        self._wake = asyncio.Event()

    def see(self, event: Changed) -> None:
        """Note an event, if the page shows what it changed."""
        name = NAMES.get(event.topic, "")
        if name in self._names and self._scope.covers(event):
            self._due.add(name)
            self._wake.set()

    def see_all(self) -> None:
        """Note that anything may have changed."""
        self._due.update(self._names)
        self._wake.set()

    def wake(self) -> None:
        """End a wait without news."""
        self._wake.set()

    async def due(self, timeout: float) -> set[str]:
        """Return what is due as soon as there is something; nothing after ``timeout`` seconds or a ``wake``."""
        try:
            await asyncio.wait_for(self._wake.wait(), timeout)
        except TimeoutError:
            return set()
        self._wake.clear()
        due, self._due = self._due, set()
        return due


class LiveHub:
    """The live events of a process and who watches them. Made and closed by ``app.py``."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._epoch = ""
        self._count = 0
        self._kept: deque[tuple[int, Changed]] = deque(maxlen=KEPT)
        self._watchers: set[Watcher] = set()
        self._subscription: Subscription | None = None
        self._starting = asyncio.Lock()
        self._lingering: asyncio.Task[None] | None = None
        self._closed = False
        bus.on_reconnect(self.missed)

    @property
    def closed(self) -> bool:
        """Say whether the server is stopping: then streams end."""
        return self._closed

    @property
    def full(self) -> bool:
        """Say whether no more watchers are taken."""
        return len(self._watchers) >= MAX_WATCHERS

    def mark(self) -> str:
        """Return the present moment, for a page that is being rendered."""
        return f"{self._epoch}.{self._count}"

    async def close(self) -> None:
        """End all streams, so that the HTTP server can stop."""
        self._closed = True
        for watcher in self._watchers:
            watcher.wake()
        if self._lingering is not None:
            self._lingering.cancel()
        await self._unsubscribe()

    async def watch(self, scope: Scope, names: Iterable[str], since: str) -> Watcher:
        """Return a watcher that knows what has changed since a mark; ``leave`` ends it."""
        await self._subscribe()
        watcher = Watcher(scope, frozenset(names))
        self._watchers.add(watcher)
        if self._closed:
            watcher.wake()
        epoch, _, count = since.partition(".")
        first = self._kept[0][0] if self._kept else self._count + 1
        if epoch != self._epoch or not count.isdecimal() or int(count) + 1 < first:
            watcher.see_all()
            return watcher
        for number, event in self._kept:
            if number > int(count):
                watcher.see(event)
        return watcher

    def leave(self, watcher: Watcher) -> None:
        """Forget a watcher; some time after the last one the subscription ends."""
        self._watchers.discard(watcher)
        if not self._watchers and not self._closed:
            if self._lingering is not None:
                self._lingering.cancel()
            self._lingering = asyncio.create_task(self._linger(), name="live pages linger")

    async def _linger(self) -> None:
        await asyncio.sleep(LINGER_S)
        if not self._watchers:
            await self._unsubscribe()

    async def _subscribe(self) -> None:
        async with self._starting:
            if self._subscription is None and not self._closed:
                self._epoch, self._count = secrets.token_hex(4), 0
                self._kept.clear()
                self._subscription = await self._bus.subscribe(f"{live.SUBJECT}.*", self._deliver)

    async def _unsubscribe(self) -> None:
        async with self._starting:
            if self._subscription is not None:
                subscription, self._subscription, self._epoch = self._subscription, None, ""
                await subscription.end()

    def _deliver(self, subject: str, payload: bytes) -> None:
        event = live.decode(payload)
        self._count += 1
        self._kept.append((self._count, event))
        for watcher in self._watchers:
            watcher.see(event)

    def missed(self) -> None:
        """Note that messages may have been lost on the bus."""
        self._epoch = secrets.token_hex(4)
        for watcher in self._watchers:
            watcher.see_all()


async def stream(
    hub: LiveHub, watcher: Watcher, still_allowed: Callable[[], Awaitable[bool]], pace_s: float = PACE_S
) -> AsyncIterator[bytes]:
    """Yield the stream of a page until the server stops or the sign-in, which is looked at now and then, has ended."""
    loop = asyncio.get_running_loop()
    next_look = loop.time() + LOOK_S
    try:
        yield b"retry: 2000\n\n"
        while True:
            names = await watcher.due(HEARTBEAT_S)
            if hub.closed:
                return
            yield _events(names, hub.mark()) if names else b": alive\n\n"
            if loop.time() >= next_look:
                if not await still_allowed():
                    return
                next_look = loop.time() + LOOK_S
            if names:
                await asyncio.sleep(pace_s)
    finally:
        hub.leave(watcher)


def _events(names: set[str], mark: str) -> bytes:
    return "".join(f"event: {name}\nid: {mark}\ndata: .\n\n" for name in sorted(names)).encode()
