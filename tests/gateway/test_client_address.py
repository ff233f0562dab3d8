"""Whose address counts behind proxies."""

import pytest

from forecourt.gateway.client_address import client_address, networks, rate_key

TRUSTED = networks(["10.0.0.0/8", "::1"])


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("203.0.113.7", [], "203.0.113.7"),
        ("203.0.113.7", ["198.51.100.1"], "203.0.113.7"),  # not from a trusted proxy: not believed
        ("10.1.2.3", ["198.51.100.1"], "198.51.100.1"),
        (
            "10.1.2.3",
            ["192.0.2.66, 198.51.100.1, 10.9.9.9"],
            "198.51.100.1",
        ),  # what the client wrote itself is not
        ("10.1.2.3", ["192.0.2.66", "198.51.100.1"], "198.51.100.1"),
        ("::ffff:10.1.2.3", ["2001:db8::1"], "2001:db8::1"),
        ("10.1.2.3", [], "10.1.2.3"),
        ("10.1.2.3", ["unknown"], "unknown"),
    ],
)
def test_client_address(peer: str, forwarded: list[str], client: str) -> None:
    assert client_address(peer, forwarded, TRUSTED) == client


def test_networks_are_checked() -> None:
    with pytest.raises(ValueError, match="banana"):
        networks(["banana"])


def test_a_client_has_a_whole_ipv6_network() -> None:
    assert rate_key("2001:db8::1") == rate_key("2001:db8::2") == "2001:db8::/64"
    assert rate_key("::ffff:192.0.2.1") == "192.0.2.1"
    assert rate_key("unknown") == "unknown"
