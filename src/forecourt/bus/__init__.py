"""The bus: publish, subscribe, request. Embedded in one process, or NATS between several (DESIGN §4).

Messages are bytes and may be lost: whoever needs every one of them reads the store. Subjects are words joined by dots; in
a subscription ``*`` stands for one word and a last ``>`` for all that follow, as in NATS.
"""

from base64 import b32encode
from collections.abc import Awaitable, Callable
from typing import Protocol

Deliver = Callable[[str, bytes], None]
Answer = Callable[[bytes], Awaitable[bytes]]


class NoResponderError(Exception):
    """Nobody answers on this subject: the pile's gateway is gone, or never was."""


class Subscription(Protocol):
    """A running subscription or responder."""

    async def end(self) -> None:
        """Stop deliveries."""


class Bus(Protocol):
    """Three verbs, and the two ends of a connection."""

    def publish(self, subject: str, payload: bytes) -> None:
        """Send to whoever listens now; never blocks, never fails, drops what it can't hold."""

    async def subscribe(self, pattern: str, deliver: Deliver) -> Subscription:
        """Call ``deliver(subject, payload)`` on the loop for each message; it must return at once."""

    async def request(self, subject: str, payload: bytes, timeout: float) -> bytes:
        """Return the responder's answer. Raises NoResponderError, or TimeoutError after ``timeout`` seconds."""

    async def respond(self, subject: str, answer: Answer) -> Subscription:
        """Answer the requests of a subject."""

    def on_reconnect(self, callback: Callable[[], None]) -> None:
        """Call back whenever messages may have been lost because the connection was."""

    async def close(self) -> None:
        """End all subscriptions and the connection."""


def pile_subject(pile_id: str) -> str:
    """Return the subject of a pile: base32, because ids may contain dots, stars and blanks."""
    return "pile." + b32encode(pile_id.encode()).decode().rstrip("=")


def matches(pattern: str, subject: str) -> bool:
    """Say whether a subject falls under a subscription's pattern."""
    wanted, words = pattern.split("."), subject.split(".")
    for index, word in enumerate(wanted):
        if word == ">":
            return len(words) > index
        if index >= len(words) or word not in ("*", words[index]):
            return False
    return len(wanted) == len(words)
