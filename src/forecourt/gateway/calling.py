"""Our calls to one pile: one at a time, each recorded before it is sent, none before the boot allows it."""

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

import msgspec

from forecourt.domain.command import Command, RawCall, TriggerMessage
from forecourt.domain.outcome import Outcome, PileState
from forecourt.domain.provisioning import may_send
from forecourt.domain.remote_control import find
from forecourt.gateway.commands import TABLES, answer
from forecourt.gateway.commands.call import OutboundCall, UntranslatableError, translated
from forecourt.gateway.commands.item import Offer, Step
from forecourt.gateway.hub import Hub
from forecourt.ocpp import endpoint_events as events
from forecourt.services import device_model, remote_control

if TYPE_CHECKING:
    from forecourt.gateway.connection import Connection

# Commands that wait in memory; the sweep brings the others later.
MAX_QUEUED = 64
# Our own question for the statuses is no operator's command and has no row.
STATUS_QUESTION = "status"
BOOT = "BootNotification"
_call = msgspec.json.Decoder(tuple[int, str, str, msgspec.Raw])


class Caller:
    """What is to be asked of one pile, and what it is being asked.

    ``open``: calls may be written. They may not before a pile that has just connected has said something, since it may
    be about to boot, and not while a boot is unanswered: some piles drop the line (field problem 12, quirk H14).
    """

    __slots__ = ("_booting", "_connection", "_deferred", "_hub", "_offering", "_queue", "_shut", "open")

    def __init__(self, connection: "Connection", hub: Hub) -> None:
        self._connection = connection
        self._hub = hub
        self._queue: list[Command] = []
        self._offering: str | None = None
        self._deferred: Command | None = None
        self._booting = False
        self._shut = False
        self.open = False

    def offer(self, command: Command) -> None:
        """Take a queued command; the same one again changes nothing."""
        known = command.id == self._offering or any(c.id == command.id for c in self._queue)
        if not known and len(self._queue) < MAX_QUEUED:
            self._queue.append(command)
            self._next()

    def boot_received(self) -> None:
        """Write nothing until the boot is answered."""
        self._booting = True
        self.open = False

    def served(self, action: str) -> None:
        """The pile has called, and has its answer: what waited may go, unless a boot is still unanswered."""
        if action == BOOT:
            self._booting = False
            self._hub.booted(self._connection)
        self.opened()

    def opened(self) -> None:
        """Write what waited, unless a boot is unanswered."""
        if self._booting or self.open or self._shut:
            return
        self.open = True
        deferred, self._deferred = self._deferred, None
        if deferred is not None:
            self._sent(deferred)
        self._next()

    def shut(self) -> None:
        """Write nothing any more: what waits stays queued in the database, and goes over the next connection."""
        self._shut, self.open = True, False
        self._queue.clear()
        deferred, self._deferred = self._deferred, None
        if deferred is not None:
            self._lost(deferred.id)

    def ask_for_status(self) -> None:
        """Ask for the statuses, once, where nothing else is being asked."""
        connection = self._connection
        if not self.open or self._offering is not None:
            return
        self._offering = STATUS_QUESTION
        state, version = connection.mailbox.state, connection.version
        question = TriggerMessage("StatusNotification")
        now = self._hub.sv.clock.now()
        command = Command(
            id=STATUS_QUESTION, pile_id=connection.pile_id, request=question, created_at=now, expires_at=now
        )
        self._place(STATUS_QUESTION, translated(TABLES[version], command, state))

    def _next(self) -> None:
        if self.open and self._offering is None and self._queue:
            command = self._queue.pop(0)
            self._offering = command.id
            self._connection.mailbox.post(Offer(self._hub.sv, command, self._sent))

    def _sent(self, command: Command | None) -> None:
        """The command is recorded as sent: write its frame."""
        if command is None:
            self._offering = None
            self._next()
        elif self._shut:
            self._lost(command.id)
        elif not self.open:
            self._deferred = command
        else:
            self._write(command)

    def _write(self, command: Command) -> None:
        state, version = self._connection.mailbox.state, self._connection.version
        if not may_send(state.pile.registration, command.request):
            self._failed(command.id, "", f"the pile booted meanwhile and is {state.pile.registration.value}")
            return
        try:
            call = translated(TABLES[version], command, state)
        except UntranslatableError as error:
            self._failed(command.id, "", str(error))
        else:
            self._place(command.id, call)

    def _place(self, key: str, call: OutboundCall) -> None:
        connection = self._connection
        connection.endpoint.call(key, call.action, call.payload, self._hub.sv.clock.monotonic())
        self._hub.awaiting.add(connection)
        for frame in connection.flush():
            _, message_id, action, payload = _call.decode(frame)
            connection.log("out", "CALL", action, message_id, bytes(payload))

    # --- what became of it

    def answered(self, event: events.Answer) -> None:
        """The pile has answered, perhaps late."""
        call = event.call
        if isinstance(event, events.ResultReceived):
            self._connection.log("in", "CALLRESULT", call.action, call.id, event.payload)
            self._result(event)
        elif isinstance(event, events.ErrorReceived):
            text = f"{event.code}: {event.description}"
            self._connection.log("in", "CALLERROR", call.action, call.id, text.encode())
            self._failed(call.key, event.code, event.description)
        else:
            self._connection.log("in", "unreadable", call.action, call.id, event.reason.encode())
            self._failed(call.key, "unreadable answer", event.reason)

    def _result(self, event: events.ResultReceived) -> None:
        sv, connection, key = self._hub.sv, self._connection, event.call.key
        command = find(connection.mailbox.state, key)
        raw = command is not None and isinstance(command.request, RawCall)
        read = answer.read(
            connection.version, event.call.action, event.payload, raw, connection.pile_id, sv.clock.now()
        )
        self._hub.stats.commands["accepted" if read.accepted else "rejected"] += 1
        self._conclude(
            key,
            lambda state, now: remote_control.answered(sv, state, key, read.accepted, read.result, now),
        )
        if read.variables:
            connection.mailbox.post(
                Step(lambda state, now: device_model.variables(sv, state, read.variables, now))
            )

    def _failed(self, key: str, code: str, description: str) -> None:
        sv = self._hub.sv
        self._hub.stats.commands["refused"] += 1
        self._conclude(key, lambda state, now: remote_control.failed(sv, state, key, code, description, now))

    def timed_out(self, event: events.CallTimedOut) -> None:
        """No answer came in time; that is not "did not happen" (field problem 22)."""
        sv, key = self._hub.sv, event.call.key
        self._hub.stats.commands["timed_out"] += 1
        self._conclude(key, lambda state, now: remote_control.timed_out(sv, state, key, now))

    def lost(self, fate: events.Fate) -> None:
        """The connection ended before the answer."""
        self._lost(fate.call.key)

    def _lost(self, key: str) -> None:
        sv = self._hub.sv
        self._hub.stats.commands["unknown"] += 1
        self._conclude(key, lambda state, now: remote_control.lost(sv, state, key, now))

    def _conclude(self, key: str, decide: Callable[[PileState, datetime], Outcome[None]]) -> None:
        if key == STATUS_QUESTION:
            self._concluded(key)
            return
        self._connection.mailbox.post(Step(decide, lambda: self._concluded(key)))

    def _concluded(self, key: str) -> None:
        if key == self._offering:
            self._offering = None
        self._next()
