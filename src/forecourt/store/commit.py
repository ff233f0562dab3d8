"""The group commit: what arrives while a transaction runs goes into the next one (DESIGN §3 step 6).

A state machine without thread, loop, clock or database: the executor that runs a batch, the clock and the timer are
handed in. In production a batch runs in the SQLite writer's thread or on a PostgreSQL connection; a simulation runs it
inline. Everything here is called from one thread.
"""

from collections import deque
from collections.abc import Callable, Sequence
from typing import Protocol

import msgspec

from forecourt.store.errors import EngineError
from forecourt.store.work import Batch, Call, Done, Result, Status, Unit, Work

# The results of units and calls, in this order; or why nothing is known of any of them.
Finished = Callable[[Sequence[Result] | EngineError], None]


class Executor(Protocol):
    """Runs a batch in one durable transaction, one batch at a time."""

    def __call__(self, batch: Batch, finished: Finished) -> None:
        """Begin; call `finished` later, from the thread that called, never before returning."""


class Later(Protocol):
    """Calls a function after so many seconds; 0: when the current turn of the loop is over."""

    def __call__(self, seconds: float, function: Callable[[], None], /) -> object: ...


class Limits(msgspec.Struct, frozen=True):
    """`pending`: more work than this is refused. `units`, `calls`, `lossy`: what one transaction takes at most.

    `retry_s`: how long a failing engine is tried, at intervals from `backoff_s` up to `backoff_max_s`.
    """

    pending: int = 100_000
    units: int = 512
    calls: int = 64
    lossy: int = 64
    lossy_when_idle: int = 512
    retry_s: float = 20.0
    backoff_s: float = 0.05
    backoff_max_s: float = 1.0


class GroupCommit:
    """Collects work, runs it batch by batch, and says what became of each piece.

    `take_lossy` gives up to so many rows that may be lost; they ride at the end of a batch and delay nobody's.
    """

    def __init__(
        self,
        execute: Executor,
        clock: Callable[[], float],
        later: Later,
        take_lossy: Callable[[int], Sequence[object]] = lambda most: (),
        limits: Limits = Limits(),  # noqa: B008  (frozen)
    ) -> None:
        self._execute = execute
        self._clock = clock
        self._later = later
        self._take_lossy = take_lossy
        self._limits = limits
        self._waiting: deque[tuple[Work, Done]] = deque()
        self._running: list[Done] | None = None
        self._scheduled = False
        self._failing_since: float | None = None
        self._closed = False
        self._when_idle: list[Callable[[], None]] = []

    @property
    def pending(self) -> int:
        """Pieces of work that have not ended: what admission control looks at."""
        return len(self._waiting) + len(self._running or ())

    @property
    def failing(self) -> bool:
        """Whether the engine's last answer was an error."""
        return self._failing_since is not None

    def submit(self, work: Work, done: Done) -> None:
        """Write a unit, or make a call; `done` is called once, in a later turn of the loop."""
        refusal = self._refusal()
        if refusal is not None:
            self._later(0, lambda: done(refusal))
            return
        self._waiting.append((work, done))
        self._schedule()

    def nudge(self) -> None:
        """Write rows that may be lost, unless something else is being written, which takes them along."""
        self._schedule()

    def when_idle(self, function: Callable[[], None]) -> None:
        """Call the function once, when nothing is pending."""
        if self.pending:
            self._when_idle.append(function)
        else:
            self._later(0, function)

    def close(self) -> None:
        """Refuse whatever comes from now on; what is pending is still written."""
        self._closed = True

    def _refusal(self) -> Result | None:
        if self._closed:
            return Result(Status.FAILED, "the store is closed")
        if len(self._waiting) >= self._limits.pending:
            return Result(Status.FAILED, f"more than {self._limits.pending} writes are waiting")
        return None

    def _schedule(self) -> None:
        # In the next turn of the loop: all that this turn brings shares the transaction.
        if not self._scheduled and self._running is None:
            self._scheduled = True
            self._later(0, self._start)

    def _start(self) -> None:
        self._scheduled = False
        if self._running is None:
            batch, dones = self._take()
            if batch.units or batch.calls or batch.lossy:
                self._running = dones
                self._run(batch, self._limits.backoff_s)

    def _take(self) -> tuple[Batch, list[Done]]:
        units: list[tuple[Unit, Done]] = []
        calls: list[tuple[Call, Done]] = []
        piles: set[str] = set()
        waiting, limits = self._waiting, self._limits
        while waiting and len(units) < limits.units and len(calls) < limits.calls:
            work, done = waiting[0]
            if work.pile_id and work.pile_id in piles:
                break  # within a batch kinds of rows are reordered: what one pile does never shares one
            if isinstance(work, Unit):
                units.append((work, done))
            else:
                calls.append((work, done))
            piles.add(work.pile_id)
            waiting.popleft()
        lossy = self._take_lossy(limits.lossy if units or calls else limits.lossy_when_idle)
        batch = Batch([unit for unit, _ in units], [call for call, _ in calls], lossy)
        return batch, [done for _, done in units] + [done for _, done in calls]

    def _run(self, batch: Batch, backoff_s: float) -> None:
        self._execute(batch, lambda outcome: self._finished(batch, backoff_s, outcome))

    def _finished(self, batch: Batch, backoff_s: float, outcome: Sequence[Result] | EngineError) -> None:
        if isinstance(outcome, EngineError):
            if self._retried(batch, backoff_s):
                return
            failed = Result(Status.FAILED, str(outcome))
            outcome = [failed] * (len(batch.units) + len(batch.calls))
        else:
            self._failing_since = None
        dones, self._running = self._running or [], None
        # First the next transaction, so that the engine works while the results are told.
        self._start()
        _tell(dones, outcome)
        self._tell_idle()

    def _retried(self, batch: Batch, backoff_s: float) -> bool:
        now = self._clock()
        if self._failing_since is None:
            self._failing_since = now
        if now - self._failing_since >= self._limits.retry_s:
            return False
        longer = min(backoff_s * 2, self._limits.backoff_max_s)
        self._later(backoff_s, lambda: self._run(batch, longer))
        return True

    def _tell_idle(self) -> None:
        if not self.pending:
            told, self._when_idle = self._when_idle, []
            for function in told:
                function()


def _tell(dones: Sequence[Done], results: Sequence[Result]) -> None:
    errors = []
    for done, result in zip(dones, results, strict=True):
        try:
            done(result)
        except Exception as error:  # one that fails must not silence the others
            errors.append(error)
    if errors:
        raise ExceptionGroup("what was told of a commit", errors)
