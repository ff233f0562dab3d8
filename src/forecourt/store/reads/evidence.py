"""What piles said: the OCPP log, and the messages that were acknowledged but could not be applied."""

from sqlalchemy import select

from forecourt.domain.records import LogEntry
from forecourt.domain.session import RejectedMessage
from forecourt.store.reads.page import Keyset, Page
from forecourt.store.reads.reader import Reads, fields
from forecourt.store.schema import ocpp_log, rejected_message
from forecourt.store.writes import shape_of

_LOG = Keyset((ocpp_log.c.id,), (int,))
_REJECTED = Keyset(
    (rejected_message.c.received_at, rejected_message.c.pile_id, rejected_message.c.key), (int, str, int)
)


class EvidenceReads(Reads):
    """Log and evidence."""

    async def log_page(self, pile_id: str, cursor: str | None = None, limit: int = 100) -> Page[LogEntry]:
        """A page of a pile's OCPP log, the newest first. ValueError: a bad cursor or limit."""
        query = select(*fields(LogEntry, ocpp_log)).where(ocpp_log.c.pile_id == pile_id)
        rows = await self._reader.rows(_LOG.paged(query, cursor, limit))
        return _LOG.page(rows, limit, shape_of(LogEntry).decode)

    async def rejected_messages(
        self, pile_id: str | None = None, cursor: str | None = None, limit: int = 50
    ) -> Page[RejectedMessage]:
        """A page of rejected messages, of one pile or all, the newest first. ValueError: a bad cursor or limit."""
        query = select(*fields(RejectedMessage, rejected_message))
        if pile_id is not None:
            query = query.where(rejected_message.c.pile_id == pile_id)
        rows = await self._reader.rows(_REJECTED.paged(query, cursor, limit))
        return _REJECTED.page(rows, limit, shape_of(RejectedMessage).decode)
