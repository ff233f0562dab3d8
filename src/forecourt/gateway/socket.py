"""One WebSocket of a pile: the only module, beside the listener, that knows aiohttp.

Writing is synchronous, so that it works from any callback: a frame goes to the transport's buffer, and a peer that does
not read loses the connection when that buffer is full. Reading happens in one coroutine, which stops while it is held.
"""

import asyncio
from collections.abc import Callable
from typing import Any

from aiohttp import WebSocketError, WSMsgType, web

from forecourt.gateway.deflate import WORTH_COMPRESSING, Deflater

# What a peer that does not read may leave in our memory, beside one message of any size.
MAX_UNSENT_BYTES = 1_048_576
# How long a goodbye may take to leave; a half-open peer never acknowledges it.
_FAREWELL_S = 5.0

NORMAL = 1000
PROTOCOL_ERROR = 1002
UNSUPPORTED_DATA = 1003
ABNORMAL = 1006
POLICY_VIOLATION = 1008
INTERNAL_ERROR = 1011
SERVICE_RESTART = 1012

_TEXT, _PING, _PONG, _CLOSE = 0x81, 0x89, 0x8A, 0x88
_RSV1 = 0x40


class Socket:
    """An open WebSocket. ``unread`` is called once when the peer did not read what it was sent."""

    __slots__ = ("_deflater", "_hold", "_loop", "_response", "_transport", "close_code")

    def __init__(
        self, response: "web.WebSocketResponse[Any]", transport: asyncio.Transport, deflater: Deflater | None
    ) -> None:
        self._response = response
        self._transport = transport
        self._deflater = deflater
        self._loop = asyncio.get_running_loop()
        self._hold: asyncio.Future[None] | None = None
        self.close_code = 0

    def send(self, text: bytes) -> bool:
        """Write a text message. False when it was not written: the socket is closing, or its peer does not read."""
        transport = self._transport
        if self.close_code or transport.is_closing() or transport.get_write_buffer_size() > MAX_UNSENT_BYTES:
            return False
        if self._deflater is not None and len(text) >= WORTH_COMPRESSING:
            transport.write(_frame(_TEXT | _RSV1, self._deflater.compress(text)))
        else:
            transport.write(_frame(_TEXT, text))
        return True

    def ping(self) -> None:
        """Ask whether the peer is there."""
        self._control(_PING, b"")

    def hold(self) -> None:
        """Stop reading after the message that is being handled; what the peer sends waits in its own buffers."""
        if self._hold is None:
            self._hold = self._loop.create_future()

    def release(self) -> None:
        """Go on reading."""
        hold, self._hold = self._hold, None
        if hold is not None and not hold.done():
            hold.set_result(None)

    def close(self, code: int, reason: str = "") -> None:
        """Say goodbye and close, without waiting for the peer's answer. A second close changes nothing."""
        if self.close_code:
            return
        self._control(_CLOSE, code.to_bytes(2, "big") + reason.encode()[:123])
        self.close_code = code
        self.release()
        self._transport.close()
        self._loop.call_later(_FAREWELL_S, self._transport.abort)

    def abort(self) -> None:
        """Cut the connection; what is still in the buffer is lost."""
        self.close_code = self.close_code or ABNORMAL
        self.release()
        self._transport.abort()

    def _control(self, opcode: int, payload: bytes) -> None:
        if not self.close_code and not self._transport.is_closing():
            self._transport.write(_frame(opcode, payload))

    async def run(self, received: Callable[[str], None], heard: Callable[[], None]) -> int:
        """Hand over every text message until the connection ends, and return the close code.

        ``heard`` is called for every sign of life that is no message. A binary message ends the connection.
        """
        receive = self._response.receive
        while not self.close_code:
            message = await receive()
            kind = message.type
            if kind is WSMsgType.TEXT:
                received(message.data)
            elif kind is WSMsgType.PING:
                heard()
                self._control(_PONG, message.data)
            elif kind is WSMsgType.PONG:
                heard()
            elif kind is WSMsgType.BINARY:
                self.close(UNSUPPORTED_DATA, "OCPP-J uses text messages")
            else:
                return self._ended(message.data)
            while self._hold is not None:
                await self._hold
        return self.close_code

    def _ended(self, data: object) -> int:
        if isinstance(data, WebSocketError):
            return int(data.code)
        return self.close_code or self._response.close_code or ABNORMAL


def _frame(first: int, payload: bytes) -> bytes:
    """RFC 6455 §5.2; a server does not mask."""
    length = len(payload)
    if length < 126:
        return bytes((first, length)) + payload
    if length < 65536:
        return bytes((first, 126)) + length.to_bytes(2, "big") + payload
    return bytes((first, 127)) + length.to_bytes(8, "big") + payload
