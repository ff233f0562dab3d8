"""One half of an Endpoint: the peer's CALLs and our answers."""

import msgspec
from msgspec import Raw

from forecourt.ocpp.endpoint_events import CallReceived, CallRepeated, Overrun
from forecourt.ocpp.endpoint_limits import Limits
from forecourt.ocpp.errors import ErrorCode
from forecourt.ocpp.frames import Call, CallResult, call_error, encode
from forecourt.ocpp.version import Version


class _Remembered(msgspec.Struct, frozen=True, gc=False):
    frame: bytes
    until: float


class Answering:
    """Takes the peer's CALLs, tells new ones from repeated ones, and writes one answer for each frame.

    A peer "SHOULD NOT send a CALL message to the other party unless all the CALL messages it sent before
    have been responded to or have timed out" (OCPP-J 1.6 §4.1.1; SHALL NOT in 2.0.1). Its time-out is not
    known here and §4.2.3 names no code for the offence, so further CALLs are taken in order of arrival, up
    to a bound.

    Frames are told apart by the hash of their whole text: with the few that are remembered, two different
    ones are mixed up once in 10¹⁸ frames.
    """

    __slots__ = (
        "_limits",
        "_outgoing",
        "_remembered",
        "_remembered_bytes",
        "_unanswered",
        "_version",
        "_waiting",
    )

    def __init__(self, version: Version, limits: Limits, outgoing: list[bytes]) -> None:
        self._version = version
        self._limits = limits
        self._outgoing = outgoing
        self._waiting: dict[int, int] = {}  # digest → how many frames wait for this answer
        self._unanswered = 0  # the sum of these
        self._remembered: dict[int, _Remembered] = {}  # oldest first
        self._remembered_bytes = 0

    @property
    def saturated(self) -> bool:
        return self._unanswered >= self._limits.max_unanswered

    def receive(self, call: Call, digest: int, now: float) -> CallReceived | CallRepeated | Overrun:
        if self._repeat(digest, now):
            return CallRepeated(call.id, call.action, answered=True)
        if self.saturated:
            return Overrun(call.id, call.action)
        copies = self._waiting.get(digest, 0)
        self._waiting[digest] = copies + 1
        self._unanswered += 1
        # §4.2.3 would also allow a CALLERROR: "an existing call with the same unique identifier is being
        # handled already". The peer asks again because it wants the answer, so it gets it, once for each
        # frame.
        if copies:
            return CallRepeated(call.id, call.action, answered=False)
        payload = bytes(call.payload)
        if payload == b"null":
            return CallReceived(call.id, call.action, b"{}", True, digest)
        return CallReceived(call.id, call.action, payload, False, digest)

    def reply(self, call: CallReceived, payload: bytes, now: float) -> None:
        frame = encode(CallResult(call.id, Raw(payload)))
        self._write(call, frame)
        self._remember(call.digest, frame, now)

    def reply_error(self, call: CallReceived, code: ErrorCode, description: str, details: bytes) -> None:
        # Not remembered: a pile repeats a transaction message after a CALLERROR (OCPP 1.6 §3.7.1, perhaps
        # with the same id: errata §3.1), and what failed for a passing reason must be tried again.
        self._write(call, call_error(self._version, call.id, code, description, details))

    def _write(self, call: CallReceived, frame: bytes) -> None:
        copies = self._waiting.pop(call.digest, 0)
        if not copies:
            raise ValueError(f"call {call.id!r} has been answered already, or came from another connection")
        self._unanswered -= copies
        for _ in range(copies):
            self._outgoing.append(frame)

    def _repeat(self, digest: int, now: float) -> bool:
        known = self._remembered.get(digest)
        if known is None:
            return False
        if now >= known.until:
            self._forget(digest)
            return False
        self._outgoing.append(known.frame)
        return True

    def _remember(self, digest: int, frame: bytes, now: float) -> None:
        remembered, limits = self._remembered, self._limits
        remembered[digest] = _Remembered(frame, now + limits.answer_life)
        self._remembered_bytes += len(frame)
        while len(remembered) > 1 and (
            len(remembered) > limits.answer_memory or self._remembered_bytes > limits.answer_bytes
        ):
            self._forget(next(iter(remembered)))

    def _forget(self, digest: int) -> None:
        self._remembered_bytes -= len(self._remembered.pop(digest).frame)
