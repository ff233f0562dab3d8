"""A virtual pile's line to the central system: calls out, calls in, and the messages that must arrive.

The endpoint keeps the rules of OCPP-J; this module gives it a socket, timers and futures. While the line is
down, or the central system has not accepted the pile, transaction messages wait here in the order in which
they happened, and are sent, one at a time, when it is up again.
"""

import asyncio
from collections import Counter, deque
from collections.abc import Callable, Coroutine, Iterable
from typing import Any

import msgspec
from aiohttp import ClientWebSocketResponse, WSMsgType

from forecourt.clock import ScaledClock
from forecourt.ocpp.codec import decode_request, decode_result, encode_payload
from forecourt.ocpp.endpoint import Endpoint
from forecourt.ocpp.endpoint_calling import Placed
from forecourt.ocpp.endpoint_events import (
    Answer,
    AnswerUnreadable,
    CallNeverSent,
    CallReceived,
    CallTimedOut,
    CallUnanswered,
    ErrorReceived,
    Event,
    Fate,
    LateAnswer,
    ResultReceived,
)
from forecourt.ocpp.errors import ErrorCode
from forecourt.ocpp.exact import PayloadError
from forecourt.ocpp.primitives import Payload
from forecourt.ocpp.version import Version
from forecourt.simulator.message import TransactionMessage
from forecourt.simulator.settings import ATTEMPTS, RETRY, Settings

Handle = Callable[[str, Payload], Payload | ErrorCode]


class Refused(msgspec.Struct, frozen=True):
    """No CALLRESULT came: a CALLERROR's code, or "timed out", "cut off", "offline", "unreadable"."""

    why: str


class Line:
    """`handle` answers the central system's calls."""

    def __init__(self, version: Version, clock: ScaledClock, settings: Settings, tally: Counter[str]) -> None:
        self.version = version
        self.ready = False
        self.handle: Handle = lambda action, request: ErrorCode.NOT_IMPLEMENTED
        self.on_security_error: Callable[[], None] = lambda: None
        self._clock = clock
        self._settings = settings
        self.tally = tally
        self._endpoint: Endpoint | None = None
        self._socket: ClientWebSocketResponse | None = None
        self._waiting: dict[str, asyncio.Future[Payload | Refused]] = {}
        self._queue: deque[TransactionMessage] = deque()
        self._attempts = 0
        self._sending = False
        self._placed = 0
        self._timer: asyncio.TimerHandle | None = None
        self._retry: asyncio.TimerHandle | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._after_reply: list[Callable[[], None]] = []

    @property
    def up(self) -> bool:
        return self._socket is not None

    @property
    def unsent(self) -> int:
        """How many transaction messages wait for their answer or their turn."""
        return len(self._queue)

    async def serve(self, socket: ClientWebSocketResponse, id_prefix: str) -> None:
        """Read the socket until it closes. `id_prefix` must be new for every connection."""
        self._socket, self._endpoint = socket, Endpoint(self.version, id_prefix=id_prefix)
        try:
            async for message in socket:
                if message.type is WSMsgType.TEXT:
                    self._take(self._endpoint.receive(message.data, self._clock.monotonic()))
                    await self._flush()
        finally:
            self._down()
            await socket.close()

    async def hang_up(self) -> None:
        """Close the socket; `serve` returns."""
        if self._socket is not None:
            await self._socket.close()

    async def ask(self, action: str, request: Payload) -> Payload | Refused:
        """A call that is made once and not repeated."""
        if self._endpoint is None:
            return Refused("offline")
        self._placed += 1
        key = f"ask-{self._placed}"
        future: asyncio.Future[Payload | Refused] = asyncio.get_running_loop().create_future()
        self._waiting[key] = future
        if not self._place(key, action, encode_payload(request)):
            self._waiting.pop(key)
            return Refused("queue full")
        await self._flush()
        return await future

    def send(self, action: str, request: Payload) -> None:
        """A call whose answer nobody waits for; not sent while the line is down."""
        if self._endpoint is not None:
            self._place("send", action, encode_payload(request))
            self._soon(self._flush())

    def tell(self, message: TransactionMessage | None) -> None:
        """A message that must arrive, now or whenever the line is up again."""
        if message is not None:
            self._queue.append(message)
            self.pump()

    def pump(self) -> None:
        """Send the first transaction message that waits, if none is under way."""
        if not (self.ready and self._queue) or self._sending or self._retry is not None:
            return
        message = self._queue[0]
        self._sending = self._place("transaction", message.action, encode_payload(message.make()))
        self._soon(self._flush())

    def after_reply(self, act: Callable[[], None]) -> None:
        """Do this when the answer to the call that is being handled has been written."""
        self._after_reply.append(act)

    # --- what comes in

    def _take(self, event: Event) -> None:
        if isinstance(event, CallReceived):
            self._answer(event)
        elif isinstance(event, ResultReceived | ErrorReceived | AnswerUnreadable):
            self._answered(event)
        elif isinstance(event, LateAnswer):
            self.tally["late answers"] += 1

    def _answer(self, call: CallReceived) -> None:
        assert self._endpoint is not None
        self.tally["calls in"] += 1
        try:
            answer = self.handle(call.action, decode_request(self.version, call.action, call.payload))
        except PayloadError as error:
            self._endpoint.reply_error(call, error.code, str(error))
            return
        if isinstance(answer, ErrorCode):
            self._endpoint.reply_error(call, answer)
        else:
            self._endpoint.reply(call, encode_payload(answer), self._clock.monotonic())

    def _answered(self, event: Answer) -> None:
        self._finish(event.call.key, self._outcome(event))
        self._arm()

    def _outcome(self, event: Answer) -> Payload | Refused:
        if isinstance(event, ErrorReceived):
            self.tally[f"CALLERROR {event.code} {event.call.action}"] += 1
            if event.code == ErrorCode.SECURITY_ERROR:
                self.on_security_error()
            return Refused(event.code)
        if isinstance(event, AnswerUnreadable):
            self.tally[f"unreadable answer {event.call.action}"] += 1
            return Refused("unreadable")
        try:
            return decode_result(self.version, event.call.action, event.payload)
        except PayloadError as error:
            self.tally[f"bad answer {event.call.action}: {error}"] += 1
            return Refused("unreadable")

    # --- what becomes of our calls

    def _place(self, key: str, action: str, payload: bytes) -> bool:
        assert self._endpoint is not None
        placed = self._endpoint.call(key, action, payload, self._clock.monotonic())
        self.tally["calls out"] += 1
        self._arm()
        return placed in (Placed.SENT, Placed.QUEUED)

    def _finish(self, key: str, outcome: Payload | Refused) -> None:
        if key == "transaction":
            self._transaction_answered(outcome)
        elif future := self._waiting.pop(key, None):
            future.set_result(outcome)

    def _transaction_answered(self, outcome: Payload | Refused) -> None:
        self._sending = False
        if isinstance(outcome, Refused):
            self._repeat_later()
            return
        self._attempts = 0
        self._queue.popleft().take(outcome)
        self.pump()

    def _repeat_later(self) -> None:
        """OCPP 1.6 §3.7.1, 2.0.1 E13: so many attempts, each after a longer wait; then it is given up."""
        self._attempts += 1
        if self._attempts >= max(1, self._settings.seconds(ATTEMPTS)):
            self.tally["transaction messages given up"] += 1
            self._attempts = 0
            self._queue.popleft()
            self.pump()
            return
        wait = self._settings.seconds(RETRY) * self._attempts
        self._retry = asyncio.get_running_loop().call_later(wait, self._retry_now)

    def _retry_now(self) -> None:
        self._retry = None
        self.pump()

    def _arm(self) -> None:
        """Wake up when the outstanding call times out."""
        if self._timer is not None:
            self._timer.cancel()
        due = self._endpoint.next_timeout() if self._endpoint is not None else None
        if due is None:
            self._timer = None
            return
        wait = due - self._clock.monotonic()
        self._timer = asyncio.get_running_loop().call_later(wait, self._expire)

    def _expire(self) -> None:
        assert self._endpoint is not None
        if (fate := self._endpoint.expire(self._clock.monotonic())) is not None:
            self.tally[f"timed out {fate.call.action}"] += 1
            self._finish(fate.call.key, _REFUSED[type(fate)])
        self._arm()
        self._soon(self._flush())

    def _down(self) -> None:
        """The connection is gone: what was under way stays at the head of the queue."""
        assert self._endpoint is not None
        fates = self._endpoint.close()
        self._socket = self._endpoint = None
        self.ready = self._sending = False
        for timer in (self._timer, self._retry):
            if timer is not None:
                timer.cancel()
        self._timer = self._retry = None
        self._cut_off(fates)

    def _cut_off(self, fates: Iterable[Fate]) -> None:
        for fate in fates:
            if fate.call.key != "transaction":
                self._finish(fate.call.key, _REFUSED[type(fate)])

    # --- writing

    async def _flush(self) -> None:
        if self._endpoint is None or self._socket is None:
            return
        for frame in self._endpoint.take_outgoing():
            try:
                await self._socket.send_frame(frame, WSMsgType.TEXT)
            except ConnectionError:
                return  # the reader sees the end of the socket, and `_down` keeps what matters
        acts, self._after_reply = self._after_reply, []
        for act in acts:
            act()

    def _soon(self, coroutine: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


_REFUSED: dict[type, Refused] = {
    CallTimedOut: Refused("timed out"),
    CallUnanswered: Refused("cut off"),
    CallNeverSent: Refused("cut off"),
}
