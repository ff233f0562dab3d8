"""Failed bearer tokens per address: a bucket each, in bounded memory."""

import ipaddress
from collections import OrderedDict

PER_MINUTE = 30
MAX_ADDRESSES = 10_000
MAX_KNOWN = 10_000


class Failures:
    """Says whether an address has failed too often lately. Instants are seconds of a monotonic clock.

    Tokens that have been right before go on working from anywhere: many clients may share an address.
    """

    def __init__(self, per_minute: int = PER_MINUTE) -> None:
        self._size = float(per_minute)
        self._per_second = per_minute / 60
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self._known: OrderedDict[bytes, None] = OrderedDict()

    def wait(self, address: str, digest: bytes, now: float) -> float:
        """Return the seconds until the next attempt is looked at; 0.0: it is looked at now."""
        if digest in self._known:
            return 0.0
        left = self._left(network(address), now)
        return 0.0 if left >= 1 else (1 - left) / self._per_second

    def failed(self, address: str, digest: bytes, now: float) -> None:
        """Count a failure."""
        self._known.pop(digest, None)
        key = network(address)
        self._buckets[key] = (max(0.0, self._left(key, now) - 1), now)
        self._buckets.move_to_end(key)
        if len(self._buckets) > MAX_ADDRESSES:
            self._buckets.popitem(last=False)

    def succeeded(self, digest: bytes) -> None:
        """Remember a token that was right."""
        self._known[digest] = None
        self._known.move_to_end(digest)
        if len(self._known) > MAX_KNOWN:
            self._known.popitem(last=False)

    def _left(self, key: str, now: float) -> float:
        left, since = self._buckets.get(key, (self._size, now))
        return min(self._size, left + (now - since) * self._per_second)


def network(address: str) -> str:
    """Return what one client can't change at will: an IPv4 address, or the /64 of an IPv6 address (RFC 4291 §2.5.1)."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return address
    return address if ip.version == 4 else str(ipaddress.ip_network((ip, 64), strict=False))
