"""Steps of a command's life that go through the pile's mailbox."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from forecourt.domain.command import Command, CommandState
from forecourt.domain.outcome import Outcome, PileState
from forecourt.gateway.handlers.inbound import Handled
from forecourt.gateway.shedding import Priority
from forecourt.services import remote_control
from forecourt.services.context import Services
from forecourt.store.work import Claim


class Step:
    """Something of ours that is decided on the pile's state and answered to nobody: ``decide`` is a service's use case."""

    __slots__ = ("_decide", "_done")
    claim = None
    priority = Priority.TRANSACTION

    def __init__(
        self,
        decide: Callable[[PileState, datetime], Handled],
        done: Callable[[], None] | None = None,
    ) -> None:
        self._decide = decide
        self._done = done

    def decide(self, state: PileState, now: datetime) -> Handled:
        """See ``Item``."""
        return self._decide(state, now)

    def done(self, reply: Any, now: datetime) -> None:
        """See ``Item``."""
        if self._done is not None:
            self._done()

    def evidence(self, now: datetime, reason: str) -> tuple[Any, ...]:
        """Nothing: it came from us."""
        return ()

    def failed(self) -> None:
        """Go on all the same."""
        if self._done is not None:
            self._done()


class Offer:
    """A queued command: recorded as sent, by compare-and-set, before its frame is written."""

    __slots__ = ("_command", "_sent", "_sv", "claim")
    priority = Priority.TRANSACTION

    def __init__(self, sv: Services, command: Command, sent: Callable[[Command | None], None]) -> None:
        self._sv = sv
        self._command = command
        self._sent = sent
        self.claim: Claim | None = None

    def decide(self, state: PileState, now: datetime) -> Outcome[Command | None]:
        """Decide whether it may be sent now."""
        outcome = remote_control.offer(self._sv, state, self._command, now)
        target = CommandState.REJECTED if outcome.reply is None else CommandState.SENT
        self.claim = Claim(self._command.id, CommandState.QUEUED, target, now)
        return outcome

    def done(self, reply: Command | None, now: datetime) -> None:
        """Put it on the wire, if it may go there."""
        self._sent(reply)

    def evidence(self, now: datetime, reason: str) -> tuple[Any, ...]:
        """Nothing: the row is there, as another gateway or another moment left it."""
        return ()

    def failed(self) -> None:
        """Another has taken it."""
        self._sent(None)
