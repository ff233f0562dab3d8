"""Counts transactions: how many pieces of work each took, and how long. Plain numbers; whoever shows them adds the names."""

from bisect import bisect_left
from collections.abc import Callable, Sequence

from forecourt.store.commit import Executor, Finished
from forecourt.store.errors import EngineError
from forecourt.store.work import Batch, Result

SIZES = (1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0)
SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Distribution:
    """How many values there were up to each bound, the last one being infinity, and their sum."""

    def __init__(self, bounds: tuple[float, ...]) -> None:
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.sum = 0.0

    def add(self, value: float) -> None:
        """Count a value in the first bound that it does not exceed."""
        self.counts[bisect_left(self.bounds, value)] += 1
        self.sum += value


class Measured:
    """An executor that measures another one's transactions. ``clock`` gives seconds.

    ``sizes`` are units and calls; what may be lost rides along uncounted. ``failures`` have neither size nor duration.
    """

    def __init__(self, execute: Executor, clock: Callable[[], float]) -> None:
        self._execute = execute
        self._clock = clock
        self.sizes = Distribution(SIZES)
        self.seconds = Distribution(SECONDS)
        self.failures = 0

    def __call__(self, batch: Batch, finished: Finished) -> None:
        """Run the batch."""
        begun = self._clock()

        def measured(outcome: Sequence[Result] | EngineError) -> None:
            if isinstance(outcome, EngineError):
                self.failures += 1
            else:
                self.sizes.add(len(batch.units) + len(batch.calls))
                self.seconds.add(self._clock() - begun)
            finished(outcome)

        self._execute(batch, measured)
