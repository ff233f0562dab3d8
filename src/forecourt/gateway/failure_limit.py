"""Failed handshakes per address: a token bucket each, in bounded memory."""

from collections import OrderedDict

MAX_ADDRESSES = 10_000
MAX_KNOWN = 100_000


class FailureLimit:
    """Says whether an address has failed too often lately. Instants are monotonic seconds.

    A pile that has connected from an address before has a bucket of its own there: the failures of a neighbour behind
    the same router do not keep it out.
    """

    def __init__(self, per_minute: int) -> None:
        self._size = float(per_minute)
        self._per_second = per_minute / 60.0
        self._buckets: OrderedDict[tuple[str, str], tuple[float, float]] = OrderedDict()
        self._known: OrderedDict[tuple[str, str], None] = OrderedDict()

    def wait(self, address: str, pile_id: str, now: float) -> float:
        """Return the seconds until a next attempt is looked at; 0.0 when it is looked at now."""
        tokens = self._tokens(self._key(address, pile_id), now)
        return 0.0 if tokens >= 1.0 else (1.0 - tokens) / self._per_second

    def failed(self, address: str, pile_id: str, now: float) -> None:
        """Count a failure. The address that has been quiet for longest is forgotten when there are too many."""
        key = self._key(address, pile_id)
        self._buckets[key] = (max(0.0, self._tokens(key, now) - 1.0), now)
        self._buckets.move_to_end(key)
        if len(self._buckets) > MAX_ADDRESSES:
            self._buckets.popitem(last=False)

    def succeeded(self, address: str, pile_id: str) -> None:
        """Remember that the pile connects from there."""
        self._known[address, pile_id] = None
        self._known.move_to_end((address, pile_id))
        if len(self._known) > MAX_KNOWN:
            self._known.popitem(last=False)

    def _key(self, address: str, pile_id: str) -> tuple[str, str]:
        return (address, pile_id) if (address, pile_id) in self._known else (address, "")

    def _tokens(self, key: tuple[str, str], now: float) -> float:
        tokens, since = self._buckets.get(key, (self._size, now))
        return min(self._size, tokens + (now - since) * self._per_second)
