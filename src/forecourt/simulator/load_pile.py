"""A pile of the load test: a socket with one call outstanding, as light as a client can be."""

import asyncio
import base64
import time
from array import array
from collections import Counter, defaultdict
from collections.abc import Callable
from urllib.parse import quote

import msgspec
from picows import WSCloseCode, WSError, WSFrame, WSListener, WSMsgType, WSTransport, ws_connect


class Tally:
    """What was measured since the last `reset`."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        self.latency_s: defaultdict[bytes, array[float]] = defaultdict(lambda: array("d"))
        self.errors: Counter[str] = Counter()
        self.refused = 0
        self.calls_from_server = 0


class CallFailedError(Exception):
    """No CALLRESULT came: refused, timed out or cut off. Counted already."""


class _Answer(msgspec.Struct, array_like=True):
    """A frame as far as a load pile looks at it."""

    kind: int
    id: str
    third: msgspec.Raw = msgspec.Raw(b"")


_answer = msgspec.json.Decoder(_Answer)


class LoadPile(WSListener):
    """`call` sends; the answer's frame ends it. `run` begins the message ids."""

    def __init__(self, tally: Tally, run: int) -> None:
        self._tally = tally
        self._run = run
        self._sent = 0
        self._sent_at = 0.0
        self._id = ""
        self._action = b""
        self._outstanding: asyncio.Future[bytes] | None = None
        self._fragments = b""
        self._loop = asyncio.get_running_loop()
        self.closing = False
        self.connected = False

    def call(self, action: bytes, payload: bytes) -> asyncio.Future[bytes]:
        future = self._outstanding = self._loop.create_future()
        if not self.connected:
            self._fail("not connected")
            return future
        self._sent += 1
        self._id, self._action = f"{self._run:x}-{self._sent}", action
        frame = b'[2,"%b","%b",%b]' % (self._id.encode(), action, payload)
        self._sent_at = time.perf_counter()
        self._transport.send(WSMsgType.TEXT, frame)
        return future

    def expire(self, sent_before: float) -> None:
        """Give the outstanding call up if it was sent before that instant of `time.perf_counter()`."""
        if self._outstanding is not None and self._sent_at < sent_before:
            self._fail(f"timeout {self._action.decode()}")

    def close(self) -> None:
        self.closing = True
        if self.connected:
            self._transport.send_close(WSCloseCode.OK)
            self._transport.disconnect()

    def on_ws_connected(self, transport: WSTransport) -> None:
        self._transport, self.connected = transport, True

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        if self.connected and not self.closing:
            self._tally.errors["disconnected"] += 1
        self.connected = False
        if self._outstanding is not None:
            self._fail(f"cut off {self._action.decode()}")

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        if frame.msg_type is WSMsgType.CLOSE:
            transport.send_close(WSCloseCode.OK)
            transport.disconnect()
        elif frame.msg_type in (WSMsgType.TEXT, WSMsgType.CONTINUATION):
            self._fragments += frame.get_payload_as_bytes()
            if frame.fin:
                text, self._fragments = self._fragments, b""
                self._receive(text)

    def _receive(self, text: bytes) -> None:
        arrived = time.perf_counter()
        try:
            answer = _answer.decode(text)
        except msgspec.DecodeError:
            self._tally.errors["not a frame"] += 1
            return
        if answer.kind == 2:
            self._tally.calls_from_server += 1
            refusal = msgspec.json.encode((4, answer.id, "NotSupported", "", {}))
            self._transport.send(WSMsgType.TEXT, refusal)
        elif self._outstanding is None or answer.id != self._id:
            self._tally.errors["unexpected answer"] += 1
        elif answer.kind == 3:
            self._succeed(bytes(answer.third), arrived)
        else:
            code = msgspec.json.decode(answer.third)
            self._fail(f"CALLERROR {code} {self._action.decode()}")

    def _succeed(self, payload: bytes, arrived: float) -> None:
        future, self._outstanding = self._outstanding, None
        self._tally.latency_s[self._action].append(arrived - self._sent_at)
        if b'"status"' in payload and b'"Accepted"' not in payload:
            self._tally.refused += 1
        if future is not None and not future.done():
            future.set_result(payload)

    def _fail(self, why: str) -> None:
        future, self._outstanding = self._outstanding, None
        self._tally.errors[why] += 1
        if future is not None and not future.done():
            future.set_exception(CallFailedError(why))


async def connect(
    url: str, pile: str, password: str, version: str, make: Callable[[], LoadPile]
) -> LoadPile | str:
    """A connected pile, or what went wrong."""
    headers = {"Sec-WebSocket-Protocol": f"ocpp{version}"}
    if password:
        headers["Authorization"] = "Basic " + base64.b64encode(f"{pile}:{password}".encode()).decode()
    made = make()
    try:
        await ws_connect(lambda: made, f"{url.rstrip('/')}/{quote(pile, safe='')}", extra_headers=headers)
    except (OSError, TimeoutError, WSError) as error:
        return type(error).__name__
    return made
