"""The audit log: who did what, when."""

from uuid import uuid4

from forecourt.domain.records import AuditEntry
from forecourt.services.context import Services


def entry(sv: Services, actor: str, action: str, subject: str, detail: str = "") -> AuditEntry:
    """Return the row that records an action; written together with what the action changes."""
    at = sv.clock.now()
    # Ordered by time, as the log is read; the tail keeps entries of one microsecond apart.
    entry_id = f"{int(at.timestamp() * 1_000_000):016d}-{uuid4().hex[:8]}"
    return AuditEntry(id=entry_id, at=at, actor=actor, action=action, subject=subject, detail=detail)
