"""How often somebody may try to sign in."""

from forecourt.console import attempts
from forecourt.console.attempts import LIMITS, WINDOW_S, Attempts


class Seconds:
    """A monotonic clock that goes only when it is told to."""

    def __init__(self) -> None:
        self.now = 500.0

    def __call__(self) -> float:
        return self.now


def made() -> tuple[Attempts, Seconds]:
    clock = Seconds()
    return Attempts(clock), clock


def test_some_attempts_of_a_name_at_an_address_then_a_wait() -> None:
    found, clock = made()
    for _ in range(LIMITS["both"]):
        assert found.begin("a", "Ada ") == 0
        clock.now += 10
    assert found.begin("a", "ada") == round(WINDOW_S - 50 + 0.5)
    assert found.begin("a", "otto") == 0
    assert found.begin("b", "ada") == 0
    clock.now += WINDOW_S - 50 + 1
    assert found.begin("a", "ada") == 0


def test_an_address_that_tries_many_names_has_to_wait() -> None:
    found, _ = made()
    assert all(found.begin("a", f"name {n}") == 0 for n in range(LIMITS["address"]))
    assert found.begin("a", "another") > 0
    assert found.begin("b", "another") == 0


def test_a_name_tried_from_many_addresses_has_to_wait() -> None:
    found, _ = made()
    assert all(found.begin(f"address {n}", "ada") == 0 for n in range(LIMITS["name"]))
    assert found.begin("another", "ada") > 0


def test_many_at_once_are_no_way_around_it() -> None:
    found, _ = made()
    assert sum(found.begin("a", "ada") == 0 for _ in range(1000)) == LIMITS["both"]


def test_who_succeeds_is_not_counted() -> None:
    found, _ = made()
    for _ in range(1000):
        assert found.begin("a", "ada") == 0
        found.succeeded("a", "ada")


def test_an_empty_name_is_a_name_like_any_other() -> None:
    found, _ = made()
    for _ in range(LIMITS["both"]):
        found.begin("a", "")
    assert found.begin("a", "") > 0
    assert found.begin("a", "ada") == 0


def test_memory_is_bounded_and_old_attempts_go_first() -> None:
    found, clock = made()
    for n in range(attempts.MAX_KEYS // 3):
        found.begin(f"old {n}", f"old {n}")
    clock.now += WINDOW_S + 1
    for n in range(100):
        found.begin(f"new {n}", f"new {n}")
    assert len(found._begun) <= 300 + 3
    for n in range(attempts.MAX_KEYS):
        found.begin(f"flood {n}", f"flood {n}")
    assert len(found._begun) <= attempts.MAX_KEYS + 3
