"""The cache of tokens: bounded, short-lived, emptied when the bus reconnects (DESIGN §4)."""

from collections.abc import Callable
from typing import Final

from forecourt.domain.token import Token, fold_uid

KNOWN_FOR_S = 60.0
UNKNOWN_FOR_S = 5.0
MAX_ENTRIES = 100_000


class Missing:
    """The type of ``MISSING``."""


MISSING: Final = Missing()


class TokenCache:
    """What the database said of tokens a moment ago; ``monotonic`` is the clock by which entries age."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._entries: dict[str, tuple[float, Token | None]] = {}

    def get(self, uid: str) -> Token | Missing | None:
        """Return the token, None for one that is known not to exist, or MISSING when the database has to be asked."""
        entry = self._entries.get(uid)
        if entry is None or entry[0] < self._monotonic():
            return MISSING
        return entry[1]

    def put(self, uid: str, token: Token | None) -> None:
        """Keep what the database said."""
        if len(self._entries) >= MAX_ENTRIES:
            self._entries.clear()
        lifetime = UNKNOWN_FOR_S if token is None else KNOWN_FOR_S
        self._entries[uid] = (self._monotonic() + lifetime, token)

    def forget(self, uid: str) -> None:
        """Drop a token that was changed, however it is spelt."""
        folded = fold_uid(uid)
        for known in [key for key in self._entries if fold_uid(key) == folded]:
            del self._entries[known]

    def clear(self) -> None:
        """Drop everything: messages about changes may have been lost."""
        self._entries.clear()
