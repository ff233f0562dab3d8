"""The address of a client behind trusted proxies, and the key under which its failures are counted."""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network


def networks(names: Sequence[str]) -> tuple[Network, ...]:
    """Read addresses and networks of a configuration. Raises ValueError for what is neither."""
    return tuple(ip_network(name.strip(), strict=False) for name in names if name.strip())


def client_address(peer: str, forwarded: Sequence[str], trusted: Sequence[Network]) -> str:
    """Return the address of the client: the peer, or the last X-Forwarded-For entry that no trusted proxy wrote of itself.

    Proxies append, so the list is read from its end, and only as far as every hop is trusted.
    """
    hops = [entry.strip() for header in forwarded for entry in header.split(",") if entry.strip()]
    address = peer
    while hops and _is_trusted(address, trusted):
        address = hops.pop()
    return address


def _is_trusted(address: str, trusted: Sequence[Network]) -> bool:
    parsed = _parsed(address)
    return parsed is not None and any(parsed in network for network in trusted)


def _parsed(address: str) -> Address | None:
    try:
        parsed = ip_address(address)
    except ValueError:
        return None
    mapped = parsed.ipv4_mapped if isinstance(parsed, IPv6Address) else None
    return mapped or parsed


def rate_key(address: str) -> str:
    """Return what failures are counted under: an IPv4 address, or the /64 of an IPv6 one, which one client has whole."""
    parsed = _parsed(address)
    if isinstance(parsed, IPv6Address):
        return str(ip_network((parsed, 64), strict=False))
    return str(parsed or address)
