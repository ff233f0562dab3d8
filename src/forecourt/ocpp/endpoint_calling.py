"""The other half of an Endpoint: our CALLs and the peer's answers."""

from collections.abc import Callable
from enum import Enum

import msgspec
from msgspec import Raw

from forecourt.ocpp.endpoint_events import (
    Answer,
    AnswerUnreadable,
    CallNeverSent,
    CallTimedOut,
    CallUnanswered,
    ErrorReceived,
    Fate,
    LateAnswer,
    OurCall,
    ResultReceived,
    StrayAnswer,
)
from forecourt.ocpp.endpoint_limits import Limits
from forecourt.ocpp.frames import Call, CallError, CallResult, encode, object_text
from forecourt.ocpp.malformed import MAX_ID, Malformed
from forecourt.ocpp.version import MessageType

_COUNTER_DIGITS = 10


class Placed(Enum):
    """What became of a CALL that was handed in."""

    SENT = "sent"
    QUEUED = "queued"
    QUEUE_FULL = "queue full"
    CLOSED = "closed"


class _Queued(msgspec.Struct, frozen=True, gc=False):
    call: OurCall
    payload: bytes
    timeout: float


class MessageIds:
    """Message ids of one connection: a prefix that belongs to it, then 1, 2, 3 …"""

    __slots__ = ("_count", "_prefix")

    def __init__(self, prefix: str) -> None:
        if len(prefix) > MAX_ID - _COUNTER_DIGITS:
            raise ValueError(
                f"a prefix of message ids has at most {MAX_ID - _COUNTER_DIGITS} characters: {prefix!r}"
            )
        self._prefix = prefix
        self._count = 0

    def next(self) -> str:
        self._count += 1
        return f"{self._prefix}{self._count}"


class Calling:
    """Sends our CALLs one at a time and finds the call that an answer belongs to.

    "SHALL NOT send a CALL message to the other party unless all the CALL messages it sent before have been
    responded to or have timed out" (2.0.1 Part 4 §4.1.1).
    """

    __slots__ = ("_closed", "_deadline", "_ids", "_late", "_limits", "_outgoing", "_outstanding", "_queue")

    def __init__(self, ids: MessageIds, limits: Limits, outgoing: list[bytes]) -> None:
        self._ids = ids
        self._limits = limits
        self._outgoing = outgoing
        self._outstanding: OurCall | None = None  # None only if the queue is empty too
        self._deadline = 0.0
        self._queue: list[_Queued] = []
        self._late: dict[str, OurCall] = {}  # by message id, oldest first
        self._closed = False

    @property
    def idle(self) -> bool:
        return self._outstanding is None and not self._closed

    def place(self, key: str, action: str, payload: bytes, now: float, timeout: float | None) -> Placed:
        if self._closed:
            return Placed.CLOSED
        if self._outstanding is not None and len(self._queue) >= self._limits.max_queue:
            return Placed.QUEUE_FULL
        call = OurCall(key, self._ids.next(), action)
        queued = _Queued(call, payload, self._limits.call_timeout if timeout is None else timeout)
        if self._outstanding is not None:
            self._queue.append(queued)
            return Placed.QUEUED
        self._send(queued, now)
        return Placed.SENT

    def cancel(self, key: str) -> bool:
        for position, queued in enumerate(self._queue):
            if queued.call.key == key:
                del self._queue[position]
                return True
        return False

    def result(self, frame: CallResult, now: float) -> Answer | LateAnswer | StrayAnswer:
        payload = object_text(frame.payload)
        return self._answered(
            MessageType.CALLRESULT, frame.id, now, lambda call: ResultReceived(call, payload)
        )

    def error(self, frame: CallError, now: float) -> Answer | LateAnswer | StrayAnswer:
        return self._answered(
            MessageType.CALLERROR,
            frame.id,
            now,
            lambda call: ErrorReceived(
                call, frame.code or "", frame.description or "", object_text(frame.details)
            ),
        )

    def unreadable(self, frame: Malformed, now: float) -> Answer | LateAnswer | StrayAnswer:
        kind = frame.kind or 0
        return self._answered(kind, frame.id, now, lambda call: AnswerUnreadable(call, frame.reason))

    def _answered(
        self, kind: int, message_id: str | None, now: float, answer: Callable[[OurCall], Answer]
    ) -> Answer | LateAnswer | StrayAnswer:
        call = self._outstanding
        if call is not None and call.id == message_id:
            self._send_next(now)
            return answer(call)
        late = self._late.pop(message_id, None) if message_id else None
        return StrayAnswer(kind, message_id) if late is None else LateAnswer(answer(late))

    @property
    def next_timeout(self) -> float | None:
        return None if self._outstanding is None else self._deadline

    def expire(self, now: float) -> CallTimedOut | None:
        call = self._outstanding
        if call is None or now < self._deadline:
            return None
        self._late[call.id] = call
        if len(self._late) > self._limits.late_memory:
            del self._late[next(iter(self._late))]
        self._send_next(now)
        return CallTimedOut(call)

    def close(self) -> list[Fate]:
        fates: list[Fate] = [] if self._outstanding is None else [CallUnanswered(self._outstanding)]
        fates += [CallNeverSent(queued.call) for queued in self._queue]
        self._outstanding = None
        self._queue = []
        self._closed = True
        return fates

    def _send_next(self, now: float) -> None:
        self._outstanding = None
        if self._queue:
            self._send(self._queue.pop(0), now)

    def _send(self, queued: _Queued, now: float) -> None:
        call = queued.call
        self._outgoing.append(encode(Call(call.id, call.action, Raw(queued.payload))))
        self._outstanding = call
        self._deadline = now + queued.timeout
