"""aiohttp's WebSocket, with messages handed over by a callback instead of a queue and a task that waits for it.

aiohttp parses the handshake and the frames: masks, fragments, UTF-8, limits, decompression. What it has no public way for is
to be told of a message at once, inside the callback of the socket; that saves a task's wake-up for every message, a tenth of
what the socket costs. `_post_start` and `WebSocketDataQueue` are inner parts of aiohttp: pyproject.toml binds its minor
version, and tests/gateway/test_socket.py holds what is used of them.
"""

import asyncio
from collections.abc import Callable
from typing import Any

from aiohttp import WebSocketError, WSCloseCode, web
from aiohttp._websocket.reader import WebSocketDataQueue, WebSocketReader
from aiohttp._websocket.writer import WebSocketWriter

Message = tuple[Any, Any, Any]  # aiohttp's WSMessage: type, data, extra

_UNUSED_LIMIT = 65_536
# What may come out of one read of a socket: so many messages of the greatest size, and at least so many bytes. A pile waits
# for its answers; only a bomb of many small compressed messages is bigger, and would hold up the loop and fill the memory.
_MOST_AT_ONCE, _LEAST_AT_ONCE = 4, 4_194_304


class Inbox(WebSocketDataQueue):
    """Where aiohttp's parser puts what it has read.

    ``deliver`` takes the messages; without it they wait in ``stash``. ``ended`` is told once of the end: the parser's error,
    or None when the peer is gone; if it is not there yet, ``end`` keeps it.
    """

    def __init__(self, request: web.BaseRequest) -> None:
        super().__init__(request.protocol, _UNUSED_LIMIT, loop=asyncio.get_running_loop())
        self.stash: list[Message] = []
        self.deliver: Callable[[Message], None] | None = None
        self.ended: Callable[[BaseException | None], None] | None = None
        self.end: tuple[BaseException | None] | None = None

    def feed_data(self, data: Any, size: int) -> None:
        """A message has been read."""
        if self.deliver is None:
            self.stash.append(data)
        else:
            self.deliver(data)

    def feed_eof(self) -> None:
        """The connection is gone."""
        self._end(None)

    def set_exception(self, exc: BaseException, exc_cause: BaseException | None = None) -> None:
        """The peer has broken the protocol."""
        self._end(exc)

    def _end(self, error: BaseException | None) -> None:
        if self.end is None:
            self.end = (error,)
            if self.ended is not None:
                self.ended(error)


class BoundedInbox(Inbox):
    """An inbox of a connection with compression: what comes out of one turn of the loop is bounded."""

    def __init__(self, request: web.BaseRequest, most: int) -> None:
        super().__init__(request)
        self._at_most = most
        self._brought = 0

    def feed_data(self, data: Any, size: int) -> None:
        """A message has been read. Raises WebSocketError, which ends the connection, when it is too much at once."""
        if not self._brought:
            asyncio.get_running_loop().call_soon(self._next_turn)
        self._brought += size + 1
        if self._brought > self._at_most:
            raise WebSocketError(WSCloseCode.MESSAGE_TOO_BIG, "too much at once")
        super().feed_data(data, size)

    def _next_turn(self) -> None:
        self._brought = 0


class Upgrade(web.WebSocketResponse):
    """The 101 of a handshake. Its own methods for reading, writing and closing are not used."""

    inbox: Inbox

    def _post_start(self, request: web.BaseRequest, protocol: str | None, writer: WebSocketWriter) -> None:
        self._ws_protocol = protocol
        self._writer = writer
        most = max(_MOST_AT_ONCE * self._max_msg_size, _LEAST_AT_ONCE)
        self.inbox = BoundedInbox(request, most) if self._compress else Inbox(request)
        self._parser = WebSocketReader(
            self.inbox, self._max_msg_size, compress=bool(self._compress), decode_text=True
        )
        request.protocol.set_parser(self._parser)
        request.protocol.keep_alive(False)

    async def write_eof(self, data: bytes = b"") -> None:
        """The handler has ended, and with it the connection."""
        self._eof_sent = True
