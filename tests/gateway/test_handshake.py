"""Identity, credentials and subprotocol of an opening handshake."""

import base64

import pytest

from forecourt.gateway.handshake import Offer, basic_credentials, has_token, identity, negotiate
from forecourt.ocpp.version import Version


# Quirk H04 (github.com/lbbrhzn/ocpp docs/installation.md, apostoldevel/ocpp-cs#16): the same identity for every prefix.
@pytest.mark.parametrize(
    "path", ["/ocpp/CP1", "/ocpp/CP1/", "/CP1", "/a/b/CP1", "/ocpp/CP1?x=1", "//ocpp//CP1//?"]
)
def test_identity_is_the_last_segment(path: str) -> None:
    assert identity(path) == "CP1"


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/webServices/ocpp/RDAM%20123", "RDAM 123"),  # 2.0.1 Part 4 §3.1.1, example 2
        ("/ocpp/%E6%A1%A9%2F1", "桩/1"),
        ("/ocpp/a.b*c", "a.b*c"),
    ],
)
def test_identity_is_percent_decoded(path: str, name: str) -> None:
    assert identity(path) == name


@pytest.mark.parametrize(
    "path", ["/", "", "/?x=1", "/ocpp/%ff", "/ocpp/a%3Ab", "/ocpp/a%00b", "/ocpp/" + "x" * 256]
)
def test_what_can_be_no_identity(path: str) -> None:
    assert identity(path) is None


def test_basic_credentials() -> None:
    token = base64.b64encode(b"CP1:se:cret\xff").decode()
    assert basic_credentials(f"Basic {token}") == (b"CP1", b"se:cret\xff")
    assert basic_credentials(f"basic  {token} ") == (b"CP1", b"se:cret\xff")


@pytest.mark.parametrize(
    "header", [None, "", "Basic", "Basic !!!", "Bearer abc", "Basic " + base64.b64encode(b"CP1").decode()]
)
def test_unreadable_credentials(header: str | None) -> None:
    assert basic_credentials(header) is None


@pytest.mark.parametrize(
    ("headers", "registered", "version", "name"),
    [
        (["ocpp1.6"], "", Version.V16, "ocpp1.6"),
        (["ocpp2.0.1, ocpp1.6"], "", Version.V201, "ocpp2.0.1"),
        (["ocpp1.6, ocpp2.0.1"], "2.0.1", Version.V16, "ocpp1.6"),
        (["ocpp2.1, ocpp2.0.1"], "", Version.V201, "ocpp2.0.1"),  # as libocpp offers them
        (["ocpp2.0", "ocpp2.0.1"], "", Version.V201, "ocpp2.0.1"),
        (["OCPP1.6"], "", Version.V16, "OCPP1.6"),
        (["ocpp1.5"], "ocpp1.6", None, None),
        ([], "2.0.1", Version.V201, None),
        ([], "", Version.V16, None),
        ([" , "], "", Version.V16, None),
        ([], "9", Version.V16, None),
    ],
)
def test_negotiation(headers: list[str], registered: str, version: Version | None, name: str | None) -> None:
    offer = negotiate(headers, registered)
    assert (offer.version, offer.name) == (version, name)


def test_a_failed_negotiation_says_what_was_offered() -> None:
    assert negotiate(["ocpp1.2, ocpp1.5"], "") == Offer(None, None, ("ocpp1.2", "ocpp1.5"))


def test_tokens_of_a_header() -> None:
    assert has_token(["keep-alive, Upgrade"], "upgrade")
    assert not has_token(["keep-alive"], "upgrade")
    assert not has_token([], "upgrade")
