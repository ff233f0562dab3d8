"""The OCPP log: every frame, after its ack, with tokens and passwords masked (DESIGN §3 step 8)."""

import asyncio
import re
from collections import deque
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any

import msgspec

from forecourt.clock import Clock
from forecourt.domain.cdr import MASK, mask
from forecourt.domain.records import LogEntry
from forecourt.domain.secret import without_secrets

# At most so many frames wait, and so many are given to the store at a time: 2,000 a second. A row of the log costs more than
# half of what a durable message does.
CAPACITY = 20_000
FLUSH_S = 0.1
PER_FLUSH = 200

# The properties that carry an identifier: idTag, parentIdTag, idToken, additionalIdToken. An object has one inside.
_TOKEN = re.compile(r'("[A-Za-z]*[iI]dT(?:ag|oken)"\s*:\s*")((?:[^"\\]|\\.)*)"')
# Actions whose payload may carry a password, and what says so in them.
_SECRET_ACTIONS = frozenset(
    {
        "ChangeConfiguration",
        "GetConfiguration",
        "GetVariables",
        "SetVariables",
        "SetNetworkProfile",
        "NotifyReport",
    }
)


# Pile, monotonic instant, direction (``in`` from the pile, ``out`` to it), kind, action, message id, payload.
Frame = tuple[str, float, str, str, str, str, bytes]


class OcppLog:
    """Takes frames on the hot path as they are; masks them and gives them to the store a little later.

    What does not fit is dropped and counted: under full load most of it, since nothing may be slower for its sake.
    """

    def __init__(self, clock: Clock, write: Callable[[Iterable[LogEntry]], Any]) -> None:
        self._clock = clock
        self._write = write
        self._frames: deque[Frame] = deque()
        self._scheduled = False
        self.dropped = 0

    def add(self, frame: Frame) -> None:
        """Log one frame."""
        if len(self._frames) >= CAPACITY:
            self.dropped += 1
            return
        self._frames.append(frame)
        if not self._scheduled:
            self._scheduled = True
            asyncio.get_running_loop().call_later(FLUSH_S, self._flush)

    def _flush(self) -> None:
        self._scheduled = False
        self.flush(PER_FLUSH)
        if self._frames:
            self._scheduled = True
            asyncio.get_running_loop().call_later(FLUSH_S, self._flush)

    def flush(self, most: int = CAPACITY) -> None:
        """Give the oldest frames to the store."""
        frames = self._frames
        now, monotonic, speed = self._clock.now(), self._clock.monotonic(), self._clock.speed
        taken = [frames.popleft() for _ in range(min(most, len(frames)))]
        self._write(
            [_entry(frame, now - timedelta(seconds=(monotonic - frame[1]) * speed)) for frame in taken]
        )


def _entry(frame: Frame, at: datetime) -> LogEntry:
    pile_id, _, direction, kind, action, message_id, payload = frame
    return LogEntry(
        pile_id, at, direction, kind, action, message_id, masked(action, payload.decode("utf-8", "replace"))
    )


def masked(action: str, text: str) -> str:
    """Return a payload with identifiers and passwords masked."""
    if action in _SECRET_ACTIONS:
        text = _without_secrets(text)
    if "dTag" in text or "dToken" in text:
        return _TOKEN.sub(_mask_token, text)
    return text


def _mask_token(match: "re.Match[str]") -> str:
    # An escape must not be cut in two.
    shown = MASK if "\\" in match[2] else mask(match[2])
    return f'{match[1]}{shown}"'


def _without_secrets(text: str) -> str:
    try:
        return msgspec.json.encode(without_secrets(msgspec.json.decode(text))).decode()
    except (msgspec.DecodeError, RecursionError):
        return MASK
