"""The RPC state machine of one OCPP-J connection (OCPP-J 1.6 §4, 2.0.1 and 2.1 Part 4 §4), without I/O.

It knows nothing of sockets, tasks, databases or clocks: text frames and instants go in, events come out, and
frames to be written are collected. It serves either side, a back-end or a pile. Its two halves share only
the list of outgoing frames, so that CALLs in the two directions can't get into each other's way.
"""

from collections.abc import Callable
from typing import Any

from msgspec import Raw

from forecourt.ocpp.endpoint_answering import Answering
from forecourt.ocpp.endpoint_calling import Calling, MessageIds, Placed
from forecourt.ocpp.endpoint_events import (
    AnswerUnreadable,
    CallReceived,
    CallTimedOut,
    Event,
    Fate,
    Garbage,
    OurCall,
    ResultRefused,
    SendReceived,
    StrayAnswer,
)
from forecourt.ocpp.endpoint_limits import Limits
from forecourt.ocpp.errors import ErrorCode, Fault
from forecourt.ocpp.frames import (
    PARSERS,
    Call,
    CallError,
    CallResult,
    CallResultError,
    Send,
    call_error,
    call_result_error,
    encode,
    object_text,
)
from forecourt.ocpp.malformed import Malformed
from forecourt.ocpp.version import MESSAGE_TYPES, MessageType, Version

_DEFAULT_LIMITS = Limits()


class Endpoint:
    """One end of one connection. All instants are seconds of one monotonic clock; payloads are JSON text.

    `id_prefix` begins every message id of ours, a counter follows. It must never have been used with this
    pile before, on any connection (2.0.1 Part 4 §4.1.4), and has at most 26 characters.
    """

    __slots__ = ("_answering", "_calling", "_ids", "_outgoing", "_parse", "version")

    def __init__(self, version: Version, *, id_prefix: str, limits: Limits = _DEFAULT_LIMITS) -> None:
        self.version = version
        self._parse = PARSERS[version]
        self._ids = MessageIds(id_prefix)
        self._outgoing: list[bytes] = []
        self._answering = Answering(version, limits, self._outgoing)
        self._calling = Calling(self._ids, limits, self._outgoing)

    def receive(self, text: str | bytes, now: float) -> Event:
        """Take one text frame that the socket has found to be UTF-8. Never raises, whatever it holds."""
        frame = self._parse(text)
        if type(frame) is Call:
            return self._answering.receive(frame, hash(text), now)
        return _RECEIVERS[type(frame)](self, frame, now)

    def take_outgoing(self) -> list[bytes]:
        """The text frames to be written now, in order. Take them after every other call."""
        frames = self._outgoing.copy()
        self._outgoing.clear()
        return frames

    # --- the peer asks, we answer

    @property
    def saturated(self) -> bool:
        """The peer has as many CALLs unanswered as it may: the socket should not be read until some are."""
        return self._answering.saturated

    def reply(self, call: CallReceived, payload: bytes, now: float) -> None:
        """Answer a CALL, and every repetition of it that has come meanwhile; remember the answer for others.

        Raises ValueError if it has been answered already.
        """
        self._answering.reply(call, payload, now)

    def reply_error(
        self, call: CallReceived, code: ErrorCode, description: str = "", details: bytes = b"{}"
    ) -> None:
        """Refuse a CALL in this version's spelling. It is not remembered: the same frame again is a new call.

        Raises ValueError if it has been answered already.
        """
        self._answering.reply_error(call, code, description, details)

    # --- we ask, the peer answers

    @property
    def idle(self) -> bool:
        """A call would be sent at once."""
        return self._calling.idle

    def call(
        self, key: str, action: str, payload: bytes, now: float, *, timeout: float | None = None
    ) -> Placed:
        """Send a CALL, or queue it behind those before it. `timeout` runs from the sending."""
        return self._calling.place(key, action, payload, now, timeout)

    def cancel(self, key: str) -> bool:
        """Take back a queued CALL. False if it is not queued: on the wire, done, or never placed."""
        return self._calling.cancel(key)

    def next_timeout(self) -> float | None:
        """When `expire` has something to do; None while no answer is awaited."""
        return self._calling.next_timeout

    def expire(self, now: float) -> CallTimedOut | None:
        """Give up waiting if the time is over, and send the next CALL."""
        return self._calling.expire(now)

    def refuse_result(self, call: OurCall, code: ErrorCode, description: str = "") -> None:
        """Tell the peer that its answer could not be processed (2.1; the others have no word for it)."""
        if MessageType.CALLRESULTERROR in MESSAGE_TYPES[self.version]:
            self._outgoing.append(call_result_error(self.version, call.id, code, description))

    def send(self, action: str, payload: bytes) -> None:
        """Send a SEND: at any time, without an answer (2.1 Part 4 §4.2.4). ValueError on other versions."""
        if MessageType.SEND not in MESSAGE_TYPES[self.version]:
            raise ValueError(f"{self.version} has no SEND")
        self._outgoing.append(encode(Send(self._ids.next(), action, Raw(payload))))

    def close(self) -> list[Fate]:
        """The connection is gone: the fate of every CALL of ours that has not been reported yet, in order."""
        return self._calling.close()

    # --- what is not a CALL

    def _result(self, frame: CallResult, now: float) -> Event:
        return self._calling.result(frame, now)

    def _error(self, frame: CallError, now: float) -> Event:
        return self._calling.error(frame, now)

    def _result_error(self, frame: CallResultError, now: float) -> Event:
        return ResultRefused(frame.id, frame.code or "", frame.description or "", object_text(frame.details))

    def _send_received(self, frame: Send, now: float) -> Event:
        return SendReceived(frame.id, frame.action, object_text(frame.payload))

    def _malformed(self, frame: Malformed, now: float) -> Event:
        if frame.fault is Fault.BAD_ANSWER:
            return self._bad_answer(frame, now)
        if frame.code is not None:
            self._outgoing.append(call_error(self.version, frame.id or "", frame.code, frame.reason))
        return Garbage(frame.fault, frame.reason, frame.id, frame.code)

    def _bad_answer(self, frame: Malformed, now: float) -> Event:
        if frame.kind == MessageType.CALLRESULTERROR:  # its id is of a CALL of the peer, never one of ours
            return StrayAnswer(MessageType.CALLRESULTERROR, frame.id)
        event = self._calling.unreadable(frame, now)
        if frame.kind == MessageType.CALLRESULT and isinstance(event, AnswerUnreadable):
            self.refuse_result(event.call, ErrorCode.FORMAT_VIOLATION, frame.reason)
        return event


_RECEIVERS: dict[type, Callable[[Endpoint, Any, float], Event]] = {
    CallResult: Endpoint._result,
    CallError: Endpoint._error,
    CallResultError: Endpoint._result_error,
    Send: Endpoint._send_received,
    Malformed: Endpoint._malformed,
}
