"""What a pile's opening handshake says: its identity, its credentials, its versions. Pure functions on header values."""

import base64
import binascii
from collections.abc import Iterable, Sequence
from urllib.parse import unquote

import msgspec

from forecourt.ocpp.version import Version

# 2.0.1 Part 4 §3.1.1: "The maximum length of the Charging Station identity is: 48". 1.6 names no limit.
MAX_IDENTITY = 255

SUPPORTED = (Version.V16, Version.V201)
_BY_NAME = {version.value: version for version in SUPPORTED}


class Offer(msgspec.Struct, frozen=True):
    """The outcome of the subprotocol negotiation.

    ``version`` is None when nothing offered is spoken here; ``name`` is the subprotocol as the pile spelt it, None where
    the header is missing.
    """

    version: Version | None
    name: str | None
    offered: tuple[str, ...] = ()


def identity(raw_path: str) -> str | None:
    """Return the pile's identity: the last non-empty segment of the path, percent-decoded (quirk H04).

    None where there is none, or where it can't be one: a colon would cut the user name of Basic authentication in two
    (2.0.1 Part 4 §3.1.1), and control characters are nobody's name.
    """
    segments = [segment for segment in raw_path.partition("?")[0].split("/") if segment]
    if not segments:
        return None
    try:
        name = unquote(segments[-1], errors="strict")
    except UnicodeDecodeError:
        return None
    usable = 0 < len(name) <= MAX_IDENTITY and ":" not in name and name.isprintable()
    return name if usable else None


def basic_credentials(header: str | None) -> tuple[bytes, bytes] | None:
    """Return user and password of an ``Authorization: Basic`` header; None when there is none that can be read.

    Bytes, since an OCPP 1.6 AuthorizationKey need not be text.
    """
    scheme, _, token = (header or "").strip().partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        user, colon, password = base64.b64decode(token.strip(), validate=True).partition(b":")
    except (binascii.Error, ValueError):
        return None
    return (user, password) if colon else None


def negotiate(headers: Sequence[str], registered: str) -> Offer:
    """Choose the version: the first in the pile's order of preference that is spoken here.

    ``headers`` are the values of Sec-WebSocket-Protocol; without any, the pile is served as the version it is
    ``registered`` with ("2.0.1"), else as 1.6. Names are compared without regard to case, and answered as they were spelt.
    """
    offered = tuple(name for header in headers for name in map(str.strip, header.split(",")) if name)
    if not offered:
        return Offer(_BY_NAME.get(f"ocpp{registered}", Version.V16), None)
    for name in offered:
        version = _BY_NAME.get(name.lower())
        if version is not None:
            return Offer(version, name, offered)
    return Offer(None, None, offered)


def has_token(headers: Iterable[str], token: str) -> bool:
    """Say whether a comma-separated header contains a token, without regard to case."""
    return any(part.strip().lower() == token for header in headers for part in header.split(","))
