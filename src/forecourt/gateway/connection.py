"""One connection of one pile: its endpoint, its mailbox and its socket.

Frames come in by `received` and leave by `_flush`; in between everything is a callback. Our own calls are in `calling`.
"""

import random
from collections.abc import Callable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any

import structlog

from forecourt.domain.outcome import PileState
from forecourt.domain.pile import Registration
from forecourt.domain.provisioning import BootReply
from forecourt.gateway.call_item import CallItem
from forecourt.gateway.calling import BOOT, Caller
from forecourt.gateway.hub import Hub
from forecourt.gateway.mailbox import Mailbox
from forecourt.gateway.repairs import RepairCounts
from forecourt.gateway.route import Route
from forecourt.gateway.routes import ROUTES, refusal
from forecourt.gateway.socket import INTERNAL_ERROR, NORMAL, Socket
from forecourt.ocpp import endpoint_events as events
from forecourt.ocpp.endpoint import Endpoint
from forecourt.ocpp.errors import SPELLINGS, ErrorCode
from forecourt.ocpp.version import Version

log = structlog.get_logger(__name__)

# Above this the socket is not read; a pile that waits for its answers never comes near.
MAX_WAITING = 16
# When a boot is put off for load, the pile comes back after a time between these.
BOOT_LATER_S = (30, 120)


class Connection:
    """A pile that is connected. ``hub`` is what all connections share; instants are monotonic seconds."""

    __slots__ = (
        "_ended",
        "_held",
        "_hub",
        "_log",
        "_monotonic",
        "_routes",
        "_stats",
        "caller",
        "endpoint",
        "generation",
        "mailbox",
        "pile_id",
        "pinged_at",
        "repairs",
        "seen_at",
        "socket",
        "sv",
        "version",
    )

    def __init__(self, hub: Hub, socket: Socket, state: PileState, generation: int, version: Version) -> None:
        self._hub = hub
        self._stats = hub.stats
        self._monotonic = hub.sv.clock.monotonic
        self._log = hub.log.add
        self._routes = ROUTES[version]
        self._held = False
        self._ended = False
        self.sv = hub.sv
        self.pile_id = state.pile.id
        self.generation = generation
        self.version = version
        self.socket = socket
        self.endpoint = Endpoint(version, id_prefix=hub.id_prefix(generation), limits=hub.limits)
        self.mailbox = Mailbox(hub.sv, hub.gate, state, generation, self.drop)
        self.caller = Caller(self, hub)
        self.repairs = RepairCounts()
        self.seen_at = self._monotonic()
        self.pinged_at = 0.0

    # --- frames in

    def received(self, text: str) -> None:
        """Take one text frame."""
        now = self._monotonic()
        self.seen_at = now
        self._stats.frames_in += 1
        event = self.endpoint.receive(text, now)
        if type(event) is events.CallReceived:
            self._call(event, now)
        else:
            _EVENTS[type(event)](self, event)
            self.flush()

    def heard(self) -> None:
        """Note a sign of life that is no message."""
        self.seen_at = self._monotonic()

    def _call(self, call: events.CallReceived, now: float) -> None:
        self._log((self.pile_id, now, "in", "CALL", call.action, call.id, call.payload))
        route = self._routes.get(call.action)
        if route is None:
            self.refuse(call, refusal(self.version, call.action), "")
            return
        if call.action == BOOT:
            self.caller.boot_received()
            if self._hub.gate.overloaded:
                self._put_off(call, route, now)
                return
        self.mailbox.post(CallItem(self, call, route, now))
        if self.mailbox.waiting:
            self._hold_if_full()

    def _hold_if_full(self) -> None:
        if len(self.mailbox.waiting) >= MAX_WAITING or self.endpoint.saturated:
            self._held = True
            self.socket.hold()

    def _put_off(self, call: events.CallReceived, route: Route, now: float) -> None:
        """Let a pile boot later: decided on nothing, so that it costs nothing (DESIGN §3); its next boot is looked at."""
        reply = BootReply(Registration.PENDING, random.randint(*BOOT_LATER_S))  # noqa: S311 (no secret)
        payload = route.respond(reply, self.sv.clock.now())
        self.endpoint.reply(call, payload, now)
        self.flush()
        self.log("out", "CALLRESULT", call.action, call.id, payload)

    # --- answers out

    def answer(self, call: events.CallReceived, payload: bytes, received_at: float) -> None:
        """Answer a call of the pile."""
        now = self._monotonic()
        self.endpoint.reply(call, payload, now)
        self.flush()
        self._stats.answered(call.action, now - received_at)
        self._log((self.pile_id, now, "out", "CALLRESULT", call.action, call.id, payload))
        if not self.caller.open:
            self.caller.served(call.action)
        if self._held:
            self._release()

    def refuse(self, call: events.CallReceived, code: ErrorCode, description: str) -> None:
        """Answer a call of the pile with a CALLERROR."""
        self.endpoint.reply_error(call, code, description)
        self.flush()
        self._stats.call_errors[code.value] += 1
        text = f"{SPELLINGS[self.version][code]}: {description}".encode()
        self.log("out", "CALLERROR", call.action, call.id, text)
        if not self.caller.open:
            self.caller.served(call.action)
        if self._held:
            self._release()

    def flush(self) -> list[bytes]:
        """Write what the endpoint has to say, and return it. A pile that does not read loses its connection."""
        frames = self.endpoint.take_outgoing()
        for frame in frames:
            self._stats.frames_out += 1
            if not self.socket.send(frame):
                self._unsent()
                break
        return frames

    def _unsent(self) -> None:
        if not self.socket.close_code:
            self._stats.disconnects["does not read"] += 1
            log.warning("pile_does_not_read", pile=self.pile_id)
        self.socket.abort()

    def _release(self) -> None:
        if len(self.mailbox.waiting) < MAX_WAITING // 2 and not self.endpoint.saturated:
            self._held = False
            self.socket.release()

    # --- other events of the endpoint

    def _repeated(self, event: events.CallRepeated) -> None:
        self._stats.repeated += 1
        self._hold_if_full()

    def _overrun(self, event: events.Overrun) -> None:
        self.drop("more unanswered calls than a socket that is held can bring")

    def _garbage(self, event: events.Garbage) -> None:
        self._stats.garbage[event.fault.name.lower()] += 1
        self.log("in", "unreadable", "", event.id or "", event.reason.encode())

    def _stray(self, event: events.StrayAnswer) -> None:
        self._stats.garbage["stray_answer"] += 1
        self.log("in", "stray answer", "", event.id or "", b"")

    def _send_received(self, event: events.SendReceived) -> None:
        self.log("in", "SEND", event.action, event.id, event.payload)

    def _result_refused(self, event: events.ResultRefused) -> None:
        text = f"{event.code}: {event.description}".encode()
        self.log("in", "CALLRESULTERROR", "", event.id, text)

    def _answered(self, event: events.Answer) -> None:
        self.caller.answered(event)

    def _answered_late(self, event: events.LateAnswer) -> None:
        self.caller.answered(event.answer)

    def repaired(self, names: tuple[str, ...], now: datetime) -> None:
        """Count what had to be mended in a message."""
        self._stats.repairs.update(names)
        self.repairs.add(names, now)

    def log(self, direction: str, kind: str, action: str, message_id: str, payload: bytes) -> None:
        """Put a frame into the OCPP log."""
        self._log((self.pile_id, self._monotonic(), direction, kind, action, message_id, payload))

    # --- the end

    def drop(self, reason: str) -> None:
        """End the connection without another answer: the pile comes back and sends again what it has no answer to."""
        log.warning("connection_dropped", pile=self.pile_id, reason=reason)
        self._stats.disconnects["dropped"] += 1
        self._abandon()
        self.socket.close(INTERNAL_ERROR, "try again")

    def replaced(self) -> None:
        """A newer connection has won: nothing that comes of this one changes anything any more."""
        self._stats.disconnects["replaced"] += 1
        self._abandon()
        self.socket.close(NORMAL, "replaced by a newer connection")

    def _abandon(self) -> None:
        self._ended = True
        self.mailbox.halt()
        self.endpoint.close()
        self._hub.gone(self)

    def ended(self, reason: str) -> None:
        """The socket is closed. What was posted before is still done; the fate of our calls is recorded."""
        if self._ended:
            return
        self._ended = True
        self._stats.disconnects[reason] += 1
        self.caller.shut()
        for fate in self.endpoint.close():
            self.caller.lost(fate)
        self._hub.gone(self)


_EVENTS: Mapping[type, Callable[[Connection, Any], None]] = MappingProxyType(
    {
        events.CallRepeated: Connection._repeated,
        events.Overrun: Connection._overrun,
        events.Garbage: Connection._garbage,
        events.StrayAnswer: Connection._stray,
        events.SendReceived: Connection._send_received,
        events.ResultRefused: Connection._result_refused,
        events.ResultReceived: Connection._answered,
        events.ErrorReceived: Connection._answered,
        events.AnswerUnreadable: Connection._answered,
        events.LateAnswer: Connection._answered_late,
    }
)
