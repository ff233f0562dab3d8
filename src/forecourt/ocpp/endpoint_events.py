"""What an Endpoint tells its owner. Every received frame gives exactly one event; payloads are JSON text."""

import msgspec

from forecourt.ocpp.errors import ErrorCode, Fault


class OurCall(msgspec.Struct, frozen=True, gc=False):
    """A CALL of ours: `key` is its owner's name for it, `id` its message id on the wire."""

    key: str
    id: str
    action: str


# --- the peer asks


class CallReceived(msgspec.Struct, frozen=True, gc=False):
    """A new CALL, to be answered once by `Endpoint.reply` or `Endpoint.reply_error`.

    `null_payload`: the peer wrote `null`, the payload is `{}` all the same. `digest` is the endpoint's.
    """

    id: str
    action: str
    payload: bytes
    null_payload: bool
    digest: int


class CallRepeated(msgspec.Struct, frozen=True, gc=False):
    """The same frame again. It has been answered from memory, or will be together with the first."""

    id: str
    action: str
    answered: bool


class Overrun(msgspec.Struct, frozen=True, gc=False):
    """The peer has more CALLs unanswered than it may: this one was neither taken nor answered.

    The owner should not have read the socket while `Endpoint.saturated`. The only safe thing left is to
    close the connection: a pile sends again on the next one what was not answered on this.
    """

    id: str
    action: str


class SendReceived(msgspec.Struct, frozen=True, gc=False):
    """A SEND (2.1), which is never answered."""

    id: str
    action: str
    payload: bytes


# --- the peer answers


class ResultReceived(msgspec.Struct, frozen=True, gc=False):
    """The CALLRESULT of a CALL of ours. The payload may be any JSON value; `null` and none are `{}`."""

    call: OurCall
    payload: bytes


class ErrorReceived(msgspec.Struct, frozen=True, gc=False):
    """The CALLERROR of a CALL of ours. `code` is as the peer wrote it: `errors.read_code` understands it."""

    call: OurCall
    code: str
    description: str
    details: bytes


class AnswerUnreadable(msgspec.Struct, frozen=True, gc=False):
    """The peer has answered a CALL of ours with something that can't be read."""

    call: OurCall
    reason: str


Answer = ResultReceived | ErrorReceived | AnswerUnreadable


class LateAnswer(msgspec.Struct, frozen=True, gc=False):
    """The answer to a CALL of ours that had been reported as timed out."""

    answer: Answer


class StrayAnswer(msgspec.Struct, frozen=True, gc=False):
    """An answer to nothing that we know of: for the log only. `id` is None when it can't be read."""

    kind: int
    id: str | None


class ResultRefused(msgspec.Struct, frozen=True, gc=False):
    """A CALLRESULTERROR (2.1): the peer could not process our answer to its CALL `id`."""

    id: str
    code: str
    description: str
    details: bytes


class Garbage(msgspec.Struct, frozen=True, gc=False):
    """A frame that can't be read and is no answer. `code`: what it was answered with, None if it was not."""

    fault: Fault
    reason: str
    id: str | None
    code: ErrorCode | None


# --- what becomes of our calls


class CallTimedOut(msgspec.Struct, frozen=True, gc=False):
    """No answer in time. It does not mean that the peer did not act: a LateAnswer may follow."""

    call: OurCall


class CallUnanswered(msgspec.Struct, frozen=True, gc=False):
    """The connection closed between the CALL and its answer: what the peer did is not known."""

    call: OurCall


class CallNeverSent(msgspec.Struct, frozen=True, gc=False):
    """The connection closed while the CALL was still queued: nothing was written."""

    call: OurCall


Event = (
    CallReceived
    | CallRepeated
    | Overrun
    | SendReceived
    | ResultReceived
    | ErrorReceived
    | AnswerUnreadable
    | LateAnswer
    | StrayAnswer
    | ResultRefused
    | Garbage
)
Fate = CallUnanswered | CallNeverSent
