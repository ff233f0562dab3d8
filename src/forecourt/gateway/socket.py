"""One WebSocket of a pile: the only module, beside `upgrade` and `listener`, that knows aiohttp.

Everything is synchronous, so that it works from any callback. A frame that is sent goes to the transport's buffer, and a peer
that does not read loses the connection when that buffer is full. While the socket is held nothing is read.
"""

import asyncio
from collections.abc import Callable

import structlog
from aiohttp import WebSocketError, WSMsgType

from forecourt.gateway.deflate import WORTH_COMPRESSING, Deflater
from forecourt.gateway.upgrade import Inbox, Message

log = structlog.get_logger(__name__)

# What a peer that does not read may leave in our memory, beside one message of any size.
MAX_UNSENT_BYTES = 1_048_576
# How long a goodbye may take to leave; a half-open peer never acknowledges it.
_FAREWELL_S = 5.0

NORMAL = 1000
PROTOCOL_ERROR = 1002
UNSUPPORTED_DATA = 1003
ABNORMAL = 1006
INTERNAL_ERROR = 1011
SERVICE_RESTART = 1012

_TEXT, _PING, _PONG, _CLOSE = 0x81, 0x89, 0x8A, 0x88
_RSV1 = 0x40


class Socket:
    """An open WebSocket. ``close_code`` is 0 until it is closed, by whichever side."""

    __slots__ = ("_deflater", "_ended", "_heard", "_inbox", "_received", "_transport", "close_code")

    def __init__(self, inbox: Inbox, transport: asyncio.Transport, deflater: Deflater | None) -> None:
        self._inbox = inbox
        self._transport = transport
        self._deflater = deflater
        self._ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.close_code = 0

    # --- out

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

    def _control(self, opcode: int, payload: bytes) -> None:
        if not self.close_code and not self._transport.is_closing():
            self._transport.write(_frame(opcode, payload))

    # --- in

    async def run(self, received: Callable[[str], None], heard: Callable[[], None]) -> int:
        """Hand over every text message until the connection ends, and return the close code.

        ``heard`` is called for every sign of life that is no message. A binary message ends the connection.
        """
        self._received, self._heard = received, heard
        inbox = self._inbox
        inbox.ended = self._gone
        self.release()
        if inbox.end is not None:
            self._gone(*inbox.end)
        await self._ended
        return self.close_code

    def hold(self) -> None:
        """Stop reading after the message that is being handled; what the peer sends waits in its own buffers."""
        self._inbox.deliver = None
        if not self._transport.is_closing():
            self._transport.pause_reading()

    def release(self) -> None:
        """Go on reading."""
        inbox = self._inbox
        inbox.deliver = self._message
        while inbox.stash and inbox.deliver is not None:
            self._message(inbox.stash.pop(0))
        if inbox.deliver is not None and not self._transport.is_closing():
            self._transport.resume_reading()

    def _message(self, message: Message) -> None:
        if self.close_code:
            return
        kind, data, _ = message
        if kind is WSMsgType.TEXT:
            try:
                self._received(data)
            except Exception:
                log.exception("message_failed")
                self.close(INTERNAL_ERROR, "try again")
        else:
            self._other(kind, data)

    def _other(self, kind: WSMsgType, data: bytes) -> None:
        self._heard()
        if kind is WSMsgType.PING:
            self._control(_PONG, data)
        elif kind is WSMsgType.BINARY:
            self.close(UNSUPPORTED_DATA, "OCPP-J uses text messages")
        elif kind is WSMsgType.CLOSE:
            # RFC 6455 §5.5.1: the answer typically echoes the code; 0 stands for a close frame without one.
            self.close(int(data) or NORMAL)

    # --- the end

    def close(self, code: int, reason: str = "") -> None:
        """Say goodbye and close, without waiting for the peer's answer. A second close changes nothing."""
        if self.close_code:
            return
        self._control(_CLOSE, code.to_bytes(2, "big") + reason.encode()[:123])
        self._end(code)
        self._transport.close()
        asyncio.get_running_loop().call_later(_FAREWELL_S, self._transport.abort)

    def abort(self) -> None:
        """Cut the connection; what is still in the buffer is lost."""
        self._end(ABNORMAL)
        self._transport.abort()

    def _gone(self, error: BaseException | None) -> None:
        """aiohttp says that the peer is gone, or has broken the protocol."""
        if isinstance(error, WebSocketError):
            self.close(int(error.code), "protocol error")
        else:
            self.abort()

    def _end(self, code: int) -> None:
        self.close_code = self.close_code or code
        self._inbox.deliver = None
        if not self._ended.done():
            self._ended.set_result(None)


def _frame(first: int, payload: bytes) -> bytes:
    """RFC 6455 §5.2; a server does not mask."""
    length = len(payload)
    if length < 126:
        return bytes((first, length)) + payload
    if length < 65536:
        return bytes((first, 126)) + length.to_bytes(2, "big") + payload
    return bytes((first, 127)) + length.to_bytes(8, "big") + payload
