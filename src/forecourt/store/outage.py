"""Says when the database can't be written, and when it can again: nobody has to guess why piles wait for their answers."""

from collections.abc import Sequence

import structlog

from forecourt.store.commit import Executor, Finished
from forecourt.store.errors import EngineError
from forecourt.store.work import Batch, Result

log = structlog.get_logger(__name__)


class Spoken:
    """An executor that logs each new reason of a failure once. ``shown`` names the database."""

    def __init__(self, execute: Executor, shown: str) -> None:
        self._execute = execute
        self._shown = shown
        self._reason = ""

    def __call__(self, batch: Batch, finished: Finished) -> None:
        """Run the batch."""

        def told(outcome: Sequence[Result] | EngineError) -> None:
            self._say(str(outcome) if isinstance(outcome, EngineError) else "")
            finished(outcome)

        self._execute(batch, told)

    def _say(self, reason: str) -> None:
        if reason and reason != self._reason:
            log.error("database_not_written", database=self._shown, error=reason, note="is tried again")
        elif self._reason and not reason:
            log.warning("database_written_again", database=self._shown)
        self._reason = reason
