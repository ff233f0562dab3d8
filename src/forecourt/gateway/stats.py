"""What the gateway counts: plain attributes on the hot path, Prometheus families when they are asked for."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric

# Upper bounds in seconds, from frame to ack.
BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Stats:
    """Counters of one gateway. ``log_dropped`` says how many entries of the OCPP log were lost."""

    def __init__(self, log_dropped: Callable[[], int]) -> None:
        self.log_dropped = log_dropped
        self.connections = 0
        self.connected_total = 0
        self.frames_in = 0
        self.frames_out = 0
        self.calls: Counter[str] = Counter()
        self.call_errors: Counter[str] = Counter()
        self.commands: Counter[str] = Counter()
        self.repairs: Counter[str] = Counter()
        self.garbage: Counter[str] = Counter()
        self.handshakes: Counter[str] = Counter()
        self.disconnects: Counter[str] = Counter()
        self.repeated = 0
        self._latency = [0] * (len(BUCKETS) + 1)
        self._latency_sum = 0.0

    def answered(self, action: str, seconds: float) -> None:
        """Count a call that was answered so many seconds after its frame came."""
        self.calls[action] += 1
        self._latency[bisect_left(BUCKETS, seconds)] += 1
        self._latency_sum += seconds

    def collect(self) -> Iterator[Metric]:
        """Yield the metrics, as a collector of a Prometheus registry does."""
        yield GaugeMetricFamily(
            "forecourt_piles_connected", "Piles connected to this gateway", self.connections
        )
        yield _counter("connections", "Connections of piles", self.connected_total)
        yield _counter("frames_in", "OCPP frames received", self.frames_in)
        yield _counter("frames_out", "OCPP frames sent", self.frames_out)
        yield _counter("repeated_frames", "Frames that came again and were answered as before", self.repeated)
        yield _counter("ocpp_log_dropped", "Entries of the OCPP log that were dropped", self.log_dropped())
        yield _by("calls", "Calls of piles, answered", "action", self.calls)
        yield _by("call_errors", "Calls of piles, refused", "code", self.call_errors)
        yield _by("commands", "Calls to piles, by their end", "end", self.commands)
        yield _by("repairs", "Repairs of inbound messages", "repair", self.repairs)
        yield _by("garbage", "Frames that could not be read", "fault", self.garbage)
        yield _by("handshakes", "Opening handshakes, by their end", "end", self.handshakes)
        yield _by("disconnects", "Connections that ended, by reason", "reason", self.disconnects)
        yield self._histogram()

    def _histogram(self) -> HistogramMetricFamily:
        total, buckets = 0, []
        for bound, count in zip((*map(str, BUCKETS), "+Inf"), self._latency, strict=True):
            total += count
            buckets.append((bound, total))
        name, text = "forecourt_ack_seconds", "From a call's frame to its answer, commit included"
        return HistogramMetricFamily(name, text, buckets=buckets, sum_value=self._latency_sum)


def _counter(name: str, text: str, value: int) -> CounterMetricFamily:
    return CounterMetricFamily(f"forecourt_{name}", text, value)


def _by(name: str, text: str, label: str, counts: Counter[str]) -> CounterMetricFamily:
    family = CounterMetricFamily(f"forecourt_{name}", text, labels=[label])
    for key, count in counts.items():
        family.add_metric([key], count)
    return family
