"""One mailbox per pile: items go through it one at a time, each look-ups → decide → commit → swap → reply (DESIGN §3).

The next item starts only after the commit of the last, so nothing decides on uncommitted state. All of it is callbacks
on the loop: only a decision that has to ask the database first costs a task.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any, Protocol

import structlog
from msgspec.structs import replace

from forecourt.domain.outcome import Outcome, PileState
from forecourt.gateway.handlers.inbound import Handled
from forecourt.gateway.shedding import Gate, Priority
from forecourt.services import live
from forecourt.services.context import Services
from forecourt.store.errors import Status, StoreError
from forecourt.store.work import COMMITTED, Claim, Result, Unit

log = structlog.get_logger(__name__)

# A decision that conflicts with the database so often conflicts with itself.
MAX_ATTEMPTS = 3


class Item(Protocol):
    """Something that happens to a pile. ``claim``: what must still hold in the database when the outcome is written."""

    @property
    def claim(self) -> Claim | None: ...

    @property
    def priority(self) -> Priority: ...

    def decide(self, state: PileState, now: datetime) -> Handled:
        """Return the outcome, or an awaitable of it when the database has to be asked first."""

    def done(self, reply: Any, now: datetime) -> None:
        """The outcome is durable and is the pile's state: tell whoever waits for the reply. ``now`` is the decision's."""

    def evidence(self, now: datetime, reason: str) -> tuple[Any, ...]:
        """Return the rows to keep when the item can't be applied."""

    def failed(self) -> None:
        """The item can't be applied, and never will be; its evidence is durable."""


class Mailbox:
    """The state of one pile on one connection, and what waits to change it.

    ``dropped`` is called when the connection must end without an answer: its generation is stale, or the outcome of a
    commit is not known. Nothing comes out of the mailbox after that.
    """

    __slots__ = (
        "_attempts",
        "_dropped",
        "_gate",
        "_generation",
        "_halted",
        "_item",
        "_now",
        "_outcome",
        "_sv",
        "_task",
        "state",
        "waiting",
    )

    def __init__(
        self, sv: Services, gate: Gate, state: PileState, generation: int, dropped: Callable[[str], None]
    ) -> None:
        self._sv = sv
        self._gate = gate
        self._task: asyncio.Task[None] | None = None
        self._generation = generation
        self._dropped = dropped
        self.waiting: list[Item] = []
        self._item: Item | None = None
        self._outcome: Outcome[Any] | None = None
        self._now = sv.clock.now()
        self._attempts = 0
        self._halted = False
        self.state = state

    @property
    def idle(self) -> bool:
        """Nothing is being done and nothing waits."""
        return self._item is None

    def post(self, item: Item) -> None:
        """Do an item, after those that were posted before it."""
        if self._halted:
            return
        if self._item is None:
            self._run(item)
        else:
            self.waiting.append(item)

    def halt(self) -> None:
        """Do nothing more: what is not committed yet is forgotten, and the pile will send it again."""
        self._halted = True
        self.waiting.clear()
        self._outcome = None

    def _run(self, item: Item) -> None:
        while True:
            self._item = item
            self._attempts = 0
            if item.priority and not self._gate.admits(item.priority):
                self._gate.park(item.priority, self._unparked)
                return
            if not self._start(item):
                return
            self._item = None
            if not self.waiting:
                return
            item = self.waiting.pop(0)

    def _unparked(self) -> None:
        item = self._item
        if not self._halted and item is not None and self._start(item):
            self._next()

    def _next(self) -> None:
        self._item = None
        if self.waiting:
            self._run(self.waiting.pop(0))

    def _start(self, item: Item) -> bool:
        """Decide, and say whether that was all; otherwise a callback goes on."""
        now = self._now = self._sv.clock.now()
        try:
            handled = item.decide(self.state, now)
        except Exception:
            log.exception("handler_failed", pile=self.state.pile.id)
            return self._give_up(item, now, "handler_failed")
        if isinstance(handled, Outcome):
            return self._decided(item, handled)
        self._task = asyncio.ensure_future(self._look_up(item, handled, now))
        return False

    async def _look_up(self, item: Item, handled: Awaitable[Outcome[Any]], now: datetime) -> None:
        try:
            outcome = await handled
        except StoreError as error:
            self._drop(f"look-up failed: {error}")
        except Exception:
            log.exception("handler_failed", pile=self.state.pile.id)
            if self._give_up(item, now, "handler_failed"):
                self._next()
        else:
            if not self._halted and self._decided(item, outcome):
                self._next()

    def _decided(self, item: Item, outcome: Outcome[Any]) -> bool:
        if outcome.writes:
            self._outcome = outcome
            unit = Unit(outcome.writes, self.state.pile.id, self._generation, item.claim)
            self._sv.store.commit.submit(unit, self._committed)
            return False
        self._swap(item, outcome)
        return True

    def _swap(self, item: Item, outcome: Outcome[Any]) -> None:
        self.state = outcome.state
        try:
            item.done(outcome.reply, self._now)
        except Exception:
            log.exception("reply_failed", pile=self.state.pile.id)
        if outcome.events:
            live.publish(self._sv, outcome.events)

    def _committed(self, result: Result) -> None:
        item, outcome = self._item, self._outcome
        if self._halted or item is None or outcome is None:
            return
        self._outcome = None
        if result is COMMITTED or result.status is Status.COMMITTED:
            self._swap(item, outcome)
            self._next()
        else:
            self._not_committed(item, result)

    def _not_committed(self, item: Item, result: Result) -> None:
        status = result.status
        if status is Status.CONFLICT and self._attempts < MAX_ATTEMPTS:
            self._attempts += 1
            self._task = asyncio.ensure_future(self._decide_again(item))
        elif status in (Status.CONFLICT, Status.DATA_ERROR):
            if self._give_up(item, self._sv.clock.now(), f"{status.name.lower()}: {result.error}"):
                self._next()
        else:
            self._drop(f"{status.name.lower()}: {result.error}")

    async def _decide_again(self, item: Item) -> None:
        try:
            self.state = await reloaded(self._sv, self.state)
        except StoreError as error:
            self._drop(f"reload failed: {error}")
            return
        if not self._halted and self._start(item):
            self._next()

    def _give_up(self, item: Item, now: datetime, reason: str) -> bool:
        """Keep the evidence, then let the item answer as its kind requires: it must not come back for ever."""
        log.warning("item_rejected", pile=self.state.pile.id, reason=reason)
        rows = item.evidence(now, reason)
        if not rows:
            self._fail(item)
            return True
        unit = Unit(rows, self.state.pile.id, self._generation)
        self._sv.store.commit.submit(unit, self._evidence_kept)
        return False

    def _evidence_kept(self, result: Result) -> None:
        item = self._item
        if self._halted or item is None:
            return
        if result.status in (Status.STALE, Status.FAILED):
            self._drop(f"{result.status.name.lower()}: {result.error}")
            return
        self._fail(item)
        self._next()

    def _fail(self, item: Item) -> None:
        try:
            item.failed()
        except Exception:
            log.exception("reply_failed", pile=self.state.pile.id)

    def _drop(self, reason: str) -> None:
        if not self._halted:
            self.halt()
            self._dropped(reason)


async def reloaded(sv: Services, state: PileState) -> PileState:
    """Return the state as the database has it, with what only memory knows. Raises StoreError."""
    fresh = await sv.store.pile_state(state.pile.id)
    if fresh is None:
        raise StoreError(f"pile {state.pile.id!r} is gone")
    return replace(fresh, triggered=state.triggered, clock_offset_s=state.clock_offset_s)
