"""A CALL of a pile on its way through the mailbox: admit, decode, handle, answer."""

from datetime import UTC, datetime, tzinfo
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from forecourt.domain.outcome import Outcome, PileState
from forecourt.domain.pile import Registration
from forecourt.domain.session import RejectedMessage
from forecourt.gateway.handlers.inbound import Handled, Inbound, content_key
from forecourt.gateway.route import Route, is_admitted
from forecourt.ocpp.codec import PayloadError, decode
from forecourt.ocpp.endpoint_events import CallReceived
from forecourt.ocpp.errors import ErrorCode
from forecourt.ocpp.primitives import Payload
from forecourt.ocpp.repairs import repair

if TYPE_CHECKING:
    from forecourt.gateway.connection import Connection

NULL_PAYLOAD = ("null payload is {}",)


class Refusal(msgspec.Struct, frozen=True):
    """The reply of a call that is not served."""

    code: ErrorCode
    description: str


class Acknowledged(msgspec.Struct, frozen=True):
    """The reply of a call that could not be read, and must not come back: it is kept as evidence."""


class CallItem:
    """One call. ``received_at`` is the monotonic instant of its frame."""

    __slots__ = ("_call", "_connection", "_route", "priority", "received_at")
    claim = None

    def __init__(
        self, connection: "Connection", call: CallReceived, route: Route, received_at: float
    ) -> None:
        self._connection = connection
        self._call = call
        self._route = route
        self.priority = route.priority
        self.received_at = received_at

    def decide(self, state: PileState, now: datetime) -> Handled:
        """Serve the call, or refuse it."""
        call, route = self._call, self._route
        if state.pile.registration is not Registration.ACCEPTED and not is_admitted(
            route, call.action, state
        ):
            return Outcome(state, _not_admitted(state))
        try:
            request, repairs = self._decoded(state)
        except PayloadError as error:
            return self._unreadable(state, now, error)
        if repairs:
            self._connection.repaired(repairs, now)
        message = Inbound(call.id, call.payload, repairs)
        return route.handle(self._connection.sv, state, request, message, now)

    def _decoded(self, state: PileState) -> tuple[Payload, tuple[str, ...]]:
        """Decode strictly, and only on failure with repairs. Raises PayloadError."""
        call = self._call
        done = NULL_PAYLOAD if call.null_payload else ()
        try:
            return decode(self._route.request, call.payload), done
        except PayloadError:
            zone = _zone(state.station.time_zone)
            mended = repair(self._connection.version, call.action, call.payload, zone=zone)
            return mended.message, done + mended.applied

    def _unreadable(self, state: PileState, now: datetime, error: PayloadError) -> Outcome[Any]:
        refusal = Refusal(error.code, str(error))
        if not self._route.kept:
            return Outcome(state, refusal)
        reply = Acknowledged() if self._route.acknowledged else refusal
        return Outcome(state, reply, self.evidence(now, f"unreadable: {error}"))

    def done(self, reply: Any, now: datetime) -> None:
        """Answer, now that the outcome is durable."""
        if type(reply) is Refusal:
            self._connection.refuse(self._call, reply.code, reply.description)
        elif type(reply) is Acknowledged:
            self._connection.answer(self._call, b"{}", self.received_at)
        else:
            payload = self._route.respond(reply, now)
            self._connection.answer(self._call, payload, self.received_at)

    def evidence(self, now: datetime, reason: str) -> tuple[RejectedMessage, ...]:
        """Keep a transaction message that can't be applied as it came."""
        if not self._route.kept:
            return ()
        call = self._call
        rejected = RejectedMessage(
            pile_id=self._connection.pile_id,
            key=content_key(call.payload),
            received_at=now,
            action=call.action,
            message_id=call.id,
            reason=reason[:500],
            payload=call.payload.decode("utf-8", "replace"),
        )
        return (rejected,)

    def failed(self) -> None:
        """Answer as the action requires, so that the pile does not send it for ever."""
        if self._route.acknowledged:
            self._connection.answer(self._call, b"{}", self.received_at)
        else:
            self._connection.refuse(
                self._call, ErrorCode.INTERNAL_ERROR, "the message could not be processed"
            )


def _not_admitted(state: PileState) -> Refusal:
    registration = state.pile.registration.value
    return Refusal(
        ErrorCode.SECURITY_ERROR, f"the pile's registration is {registration}: only a boot is served"
    )


def _zone(name: str) -> tzinfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return UTC
