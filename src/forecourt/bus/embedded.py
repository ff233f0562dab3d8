"""The bus of a single process: direct calls."""

import asyncio
from collections.abc import Callable

import structlog

from forecourt.bus import Answer, Deliver, NoResponderError, matches

log = structlog.get_logger(__name__)


class EmbeddedBus:
    """Delivers in the order of publishing, on the loop, while ``publish`` runs."""

    def __init__(self) -> None:
        self._exact: dict[str, list[Deliver]] = {}
        self._patterns: list[tuple[str, Deliver]] = []
        self._answers: dict[str, Answer] = {}

    def publish(self, subject: str, payload: bytes) -> None:
        """See ``Bus.publish``."""
        for deliver in self._exact.get(subject, ()):
            _deliver(deliver, subject, payload)
        for pattern, deliver in self._patterns:
            if matches(pattern, subject):
                _deliver(deliver, subject, payload)

    async def subscribe(self, pattern: str, deliver: Deliver) -> "_Subscription":
        """See ``Bus.subscribe``."""
        if "*" not in pattern and ">" not in pattern:
            return self._subscribe_exact(pattern, deliver)
        entry = (pattern, deliver)
        self._patterns = [*self._patterns, entry]
        return _Subscription(lambda: self._drop_pattern(entry))

    def _subscribe_exact(self, subject: str, deliver: Deliver) -> "_Subscription":
        self._exact[subject] = [*self._exact.get(subject, ()), deliver]
        return _Subscription(lambda: self._drop_exact(subject, deliver))

    def _drop_pattern(self, entry: tuple[str, Deliver]) -> None:
        self._patterns = [known for known in self._patterns if known is not entry]

    def _drop_exact(self, subject: str, deliver: Deliver) -> None:
        left = [known for known in self._exact.get(subject, ()) if known is not deliver]
        if left:
            self._exact[subject] = left
        else:
            self._exact.pop(subject, None)

    async def request(self, subject: str, payload: bytes, timeout: float) -> bytes:
        """See ``Bus.request``."""
        answer = self._answers.get(subject)
        if answer is None:
            raise NoResponderError(subject)
        return await asyncio.wait_for(answer(payload), timeout)

    async def respond(self, subject: str, answer: Answer) -> "_Subscription":
        """See ``Bus.respond``; the newest responder wins, and an old one's end does not end it."""
        self._answers[subject] = answer
        return _Subscription(lambda: self._drop_answer(subject, answer))

    def _drop_answer(self, subject: str, answer: Answer) -> None:
        if self._answers.get(subject) is answer:
            del self._answers[subject]

    def on_reconnect(self, callback: Callable[[], None]) -> None:
        """Nothing to call back for: there is no connection to lose."""

    async def close(self) -> None:
        """See ``Bus.close``."""
        self._exact.clear()
        self._patterns = []
        self._answers.clear()


class _Subscription:
    def __init__(self, drop: Callable[[], None]) -> None:
        self._drop = drop

    async def end(self) -> None:
        self._drop()


def _deliver(deliver: Deliver, subject: str, payload: bytes) -> None:
    try:
        deliver(subject, payload)
    except Exception:
        log.exception("subscriber_failed", subject=subject)
