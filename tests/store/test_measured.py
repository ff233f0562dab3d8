"""Transactions are counted by size and duration; failures by number."""

from collections.abc import Sequence

from forecourt.store.commit import Finished
from forecourt.store.errors import EngineError
from forecourt.store.measured import SECONDS, SIZES, Distribution, Measured
from forecourt.store.work import Batch, ReserveIds, Result, Unit


def test_a_value_counts_in_the_first_bound_that_it_does_not_exceed() -> None:
    found = Distribution((1.0, 2.0))
    for value in (0, 1, 1.5, 2, 3):
        found.add(value)
    assert (found.counts, found.sum) == ([2, 2, 1], 7.5)


def test_a_transaction_has_a_size_and_a_duration_and_a_failure_has_none() -> None:
    now = 0.0
    outcomes: list[Sequence[Result] | EngineError] = [[], EngineError("disk full"), []]
    passed_on: list[Sequence[Result] | EngineError] = []

    def execute(batch: Batch, finished: Finished) -> None:
        nonlocal now
        now += 0.002
        finished(outcomes[len(passed_on)])

    measured = Measured(execute, lambda: now)
    for units in (1, 1, 3):
        measured(Batch([Unit(())] * units, [ReserveIds("session", 1, 9)], ["lossy"]), passed_on.append)
    assert passed_on == outcomes
    assert measured.failures == 1
    assert [bound for bound, count in zip(SIZES, measured.sizes.counts, strict=False) if count] == [2.0, 5.0]
    assert (sum(measured.sizes.counts), measured.sizes.sum) == (2, 6.0)
    assert [bound for bound, count in zip(SECONDS, measured.seconds.counts, strict=False) if count] == [
        0.0025
    ]
