"""The group commit without a database: what it batches, in which order, and what it does when the engine fails."""

import heapq
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecourt.store.commit import Finished, GroupCommit, Limits
from forecourt.store.errors import EngineError
from forecourt.store.work import COMMITTED, Batch, ReserveIds, Result, Status, Unit, Work


@dataclass
class World:
    """Clock, timer and engine under the test's control; `commit_s` is what a transaction takes."""

    commit_s: float = 0.01
    now: float = 0.0
    broken: bool = False
    timers: list[tuple[float, int, Callable[[], None]]] = field(default_factory=list)
    batches: list[Batch] = field(default_factory=list)
    numbers: "count[int]" = field(default_factory=count)

    def clock(self) -> float:
        return self.now

    def later(self, seconds: float, function: Callable[[], None]) -> None:
        heapq.heappush(self.timers, (self.now + seconds, next(self.numbers), function))

    def execute(self, batch: Batch, finished: Finished) -> None:
        self.batches.append(batch)
        outcome: Sequence[Result] | EngineError = [COMMITTED] * (len(batch.units) + len(batch.calls))
        if self.broken:
            outcome = EngineError("disk full")
        self.later(self.commit_s, lambda: finished(outcome))

    def run(self, until: float = float("inf")) -> None:
        while self.timers and self.timers[0][0] <= until:
            self.now, _, function = heapq.heappop(self.timers)
            function()
        self.now = max(self.now, until) if until < float("inf") else self.now


@dataclass
class Told:
    """What became of each piece of work, in the order in which it was told."""

    results: list[tuple[str, Status, str]] = field(default_factory=list)

    def submit(self, commit: GroupCommit, name: str, work: Work | None = None) -> None:
        unit = Unit((name,)) if work is None else work
        commit.submit(unit, lambda result: self.results.append((name, result.status, result.error)))

    @property
    def statuses(self) -> dict[str, Status]:
        return {name: status for name, status, _ in self.results}


def made(world: World, **limits: float) -> GroupCommit:
    return GroupCommit(world.execute, world.clock, world.later, limits=Limits(**limits))  # type: ignore[arg-type]


def names(batch: Batch) -> list[str]:
    return [unit.rows[0] for unit in batch.units]


def test_what_arrives_in_one_turn_shares_a_transaction_and_what_arrives_meanwhile_the_next() -> None:
    world, told = World(), Told()
    commit = made(world)
    for name in "ab":
        told.submit(commit, name)
    for name in "cde":
        world.later(0.005, partial(told.submit, commit, name))
    assert world.batches == []
    world.run()
    assert [names(batch) for batch in world.batches] == [["a", "b"], ["c", "d", "e"]]
    assert [name for name, _, _ in told.results] == list("abcde")
    assert set(told.statuses.values()) == {Status.COMMITTED}
    assert world.now == pytest.approx(0.02)


def test_nobody_is_told_before_the_commit() -> None:
    world, told = World(), Told()
    commit = made(world)
    told.submit(commit, "a")
    world.run(until=0.009)
    assert told.results == []
    assert commit.pending == 1
    world.run()
    assert told.results == [("a", Status.COMMITTED, "")]
    assert commit.pending == 0


def test_the_next_transaction_begins_before_the_results_are_told() -> None:
    world = World()
    commit = made(world)
    running: list[int] = []
    commit.submit(Unit(("a",)), lambda result: running.append(len(world.batches)))
    world.later(0.005, lambda: commit.submit(Unit(("b",)), lambda result: None))
    world.run()
    assert running == [2]


def test_two_units_of_a_pile_never_share_a_transaction_and_keep_their_order() -> None:
    world, told = World(), Told()
    commit = made(world)
    for name, pile in (("1", "p"), ("2", "q"), ("3", "p"), ("4", "r"), ("5", ""), ("6", "")):
        told.submit(commit, name, Unit((name,), pile, 1))
    world.run()
    assert [names(batch) for batch in world.batches] == [["1", "2"], ["3", "4", "5", "6"]]
    assert [name for name, _, _ in told.results] == list("123456")


def test_calls_run_after_the_units_that_came_before_them() -> None:
    world, told = World(), Told()
    commit = made(world)
    told.submit(commit, "call", ReserveIds("session", 1, 9))
    told.submit(commit, "unit")
    world.run()
    [batch] = world.batches
    assert (names(batch), [type(call) for call in batch.calls]) == (["unit"], [ReserveIds])
    assert told.statuses == {"call": Status.COMMITTED, "unit": Status.COMMITTED}


def test_a_transaction_is_bounded() -> None:
    world, told = World(), Told()
    commit = made(world, units=3, calls=2)
    for name in "abcdefg":
        told.submit(commit, name)
    for name in "xyz":
        told.submit(commit, name, ReserveIds(name, 1, 9))
    world.run()
    assert [(len(batch.units), len(batch.calls)) for batch in world.batches] == [
        (3, 0),
        (3, 0),
        (1, 2),
        (0, 1),
    ]
    assert len(told.results) == 10


def test_an_engine_error_is_retried_with_the_same_batch_and_what_comes_meanwhile_waits() -> None:
    world, told = World(broken=True), Told()
    commit = made(world)
    told.submit(commit, "a")
    world.run(until=1.0)
    told.submit(commit, "b")
    world.run(until=5.0)
    assert told.results == []
    assert commit.failing
    assert {tuple(names(batch)) for batch in world.batches} == {("a",)}
    assert 6 <= len(world.batches) <= 12  # 50 ms, doubled up to a second
    world.broken = False
    world.run()
    assert told.statuses == {"a": Status.COMMITTED, "b": Status.COMMITTED}
    assert not commit.failing


def test_after_twenty_seconds_the_work_has_failed_and_says_why() -> None:
    world, told = World(broken=True), Told()
    commit = made(world)
    told.submit(commit, "a")
    world.run()
    assert told.results == [("a", Status.FAILED, "disk full")]
    assert 20 <= world.now <= 22


def test_while_the_engine_stays_broken_new_work_fails_at_once_and_it_heals_by_itself() -> None:
    world, told = World(broken=True), Told()
    commit = made(world)
    told.submit(commit, "a")
    world.run()
    failed_at = world.now
    told.submit(commit, "b")
    world.run()
    assert told.statuses["b"] is Status.FAILED
    assert world.now - failed_at < 0.1
    world.broken = False
    told.submit(commit, "c")
    world.run()
    assert told.statuses["c"] is Status.COMMITTED
    assert not commit.failing


def test_more_than_the_limit_is_refused_and_nothing_is_told_while_submitting() -> None:
    world, told = World(), Told()
    commit = made(world, pending=2)
    for name in "abc":
        told.submit(commit, name)
    assert told.results == []
    world.run()
    assert told.statuses == {"a": Status.COMMITTED, "b": Status.COMMITTED, "c": Status.FAILED}


def test_a_closed_one_writes_what_is_pending_and_refuses_the_rest() -> None:
    world, told = World(), Told()
    commit = made(world)
    idle: list[float] = []
    told.submit(commit, "a")
    commit.close()
    told.submit(commit, "b")
    commit.when_idle(lambda: idle.append(world.now))
    world.run()
    assert told.statuses == {"a": Status.COMMITTED, "b": Status.FAILED}
    assert idle == [pytest.approx(0.01)]


def test_idle_is_told_at_once_when_nothing_is_pending() -> None:
    world = World()
    idle: list[bool] = []
    made(world).when_idle(lambda: idle.append(True))
    world.run()
    assert idle == [True]


def test_one_that_fails_when_told_does_not_silence_the_others() -> None:
    world, told = World(), Told()
    commit = made(world)

    def fail(result: Result) -> None:
        raise RuntimeError("a bug")

    commit.submit(Unit(("a",)), fail)
    told.submit(commit, "b")
    with pytest.raises(ExceptionGroup):
        world.run()
    assert told.statuses == {"b": Status.COMMITTED}
    told.submit(commit, "c")
    world.run()
    assert told.statuses["c"] is Status.COMMITTED


def test_rows_that_may_be_lost_ride_along_a_few_at_a_time_or_go_alone_when_idle() -> None:
    world, told = World(), Told()
    entries = list(range(1000))

    def take(most: int) -> list[int]:
        taken, entries[:] = entries[:most], entries[most:]
        return taken

    commit = GroupCommit(world.execute, world.clock, world.later, take, Limits(lossy=10, lossy_when_idle=100))
    told.submit(commit, "a")
    world.run(until=0.001)
    commit.nudge()
    world.run()
    assert [len(batch.lossy) for batch in world.batches] == [10, *[100] * 9, 90]
    assert [row for batch in world.batches for row in batch.lossy] == list(range(1000))


steps = st.lists(
    st.tuples(st.sampled_from(["p", "q", "r", ""]), st.floats(0, 0.03), st.booleans()), max_size=40
)


@given(steps)
def test_every_piece_of_work_ends_once_and_each_pile_in_order(script: list[tuple[str, float, bool]]) -> None:
    world, told = World(), Told()
    commit = made(world, units=4)
    at = 0.0
    for number, (pile, wait, broken) in enumerate(script):
        at += wait
        world.run(until=at)
        world.broken = broken
        told.submit(commit, f"{pile}{number}", Unit((f"{pile}{number}",), pile, 1))
    world.broken = False
    world.run()
    assert sorted(told.statuses) == sorted(f"{pile}{number}" for number, (pile, _, _) in enumerate(script))
    assert len(told.results) == len(script)
    assert commit.pending == 0
    for pile in "pqr":
        numbers = [int(name[1:]) for name, _, _ in told.results if name[0] == pile]
        assert numbers == sorted(numbers)
    for batch in world.batches:
        piles = [unit.pile_id for unit in batch.units if unit.pile_id]
        assert len(piles) == len(set(piles))
