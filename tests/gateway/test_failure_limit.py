"""Failed handshakes per address."""

import pytest

from forecourt.gateway import failure_limit
from forecourt.gateway.failure_limit import FailureLimit


def fail(limit: FailureLimit, address: str, pile_id: str, times: int, now: float = 0.0) -> None:
    for _ in range(times):
        limit.failed(address, pile_id, now)


def test_an_address_waits_after_too_many_failures() -> None:
    limit = FailureLimit(20)
    fail(limit, "a", "x", 19)
    assert limit.wait("a", "x", 0.0) == 0.0
    fail(limit, "a", "y", 1)
    assert limit.wait("a", "x", 0.0) == 3.0  # 20 a minute: one in three seconds
    assert limit.wait("a", "x", 2.0) == pytest.approx(1.0)
    assert limit.wait("a", "x", 3.0) == 0.0
    assert limit.wait("b", "x", 0.0) == 0.0


def test_a_known_pile_is_not_kept_out_by_its_neighbour() -> None:
    limit = FailureLimit(20)
    limit.succeeded("a", "good")
    fail(limit, "a", "bad", 100)
    assert limit.wait("a", "bad", 0.0) > 0.0
    assert limit.wait("a", "good", 0.0) == 0.0
    fail(limit, "a", "good", 20)
    assert limit.wait("a", "good", 0.0) > 0.0


def test_memory_is_bounded() -> None:
    limit = FailureLimit(20)
    for number in range(failure_limit.MAX_ADDRESSES + 10):
        fail(limit, str(number), "x", 20)
    assert limit.wait("0", "x", 0.0) == 0.0  # forgotten
    assert limit.wait(str(failure_limit.MAX_ADDRESSES + 9), "x", 0.0) > 0.0
    assert len(limit._buckets) == failure_limit.MAX_ADDRESSES
