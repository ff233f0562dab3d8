"""Metrics in Prometheus' text format: what the parts of the process count, and the network as the database knows it."""

from collections.abc import Iterator, Sequence
from itertools import accumulate

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.process_collector import ProcessCollector

from forecourt.services.context import Services
from forecourt.store.errors import StoreError
from forecourt.store.measured import Distribution
from forecourt.store.reads.overview import Overview
from forecourt.store.store import Store

MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class StoreMetrics:
    """Transactions, and what waits for one, for a registry."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def collect(self) -> Iterator[Metric]:
        """Yield the metrics."""
        commit, done = self._store.commit, self._store.transactions
        yield GaugeMetricFamily(
            "forecourt_commit_pending", "Writes that are not committed yet", commit.pending
        )
        yield GaugeMetricFamily(
            "forecourt_commit_failing", "1 while the database refuses what is written", float(commit.failing)
        )
        yield CounterMetricFamily("forecourt_commit_failures", "Transactions that failed", done.failures)
        yield _histogram("forecourt_commit_batch_size", "Pieces of work in a transaction", done.sizes)
        yield _histogram("forecourt_commit_seconds", "Duration of a transaction", done.seconds)


def _histogram(name: str, text: str, found: Distribution) -> HistogramMetricFamily:
    bounds = (*map(str, found.bounds), "+Inf")
    buckets = list(zip(bounds, accumulate(found.counts), strict=True))
    return HistogramMetricFamily(name, text, buckets=buckets, sum_value=found.sum)


class _Fixed:
    """Metrics that have been asked for already, since a collector can't wait."""

    def __init__(self, metrics: Sequence[Metric]) -> None:
        self._metrics = metrics

    def collect(self) -> Iterator[Metric]:
        yield from self._metrics


async def exposition(sv: Services, registry: CollectorRegistry) -> bytes:
    """Return all metrics as text."""
    own = CollectorRegistry(auto_describe=False)
    own.register(_Fixed(await _network(sv)))
    # CPU time, memory and open files of the process (Linux only).
    ProcessCollector(registry=own)
    return generate_latest(registry) + generate_latest(own)


async def _network(sv: Services) -> list[Metric]:
    now = sv.clock.now()
    try:
        # Today's business is not asked for: that is what would cost something.
        found = await sv.store.overview(now, now)
    except StoreError:
        return [_up(0)]
    return [_up(1), *_of(found)]


def _up(value: int) -> Metric:
    return GaugeMetricFamily("forecourt_store_up", "1 when the database answers", value)


def _of(found: Overview) -> Iterator[Metric]:
    rows = (
        ("stations", "Stations", found.stations),
        ("piles", "Piles", found.piles),
        ("piles_online", "Piles connected to any gateway", found.piles_online),
        ("sessions_open", "Sessions whose car has not gone", found.sessions),
        ("power_watts", "What running sessions draw", found.power_w),
    )
    for name, text, value in rows:
        yield GaugeMetricFamily(f"forecourt_{name}", text, value)
    evses = GaugeMetricFamily("forecourt_evses", "EVSEs by status", labels=["status"])
    for status, count in found.evses.items():
        evses.add_metric([status.value], count)
    yield evses
