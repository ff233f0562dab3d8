"""Operators, logins, API tokens, and what was done: the audit."""

from sqlalchemy import select

from forecourt.domain.records import ApiToken, AuditEntry, Login, Operator
from forecourt.store.reads.page import Keyset, Page
from forecourt.store.reads.reader import Reads, decoded, decoded_all, fields
from forecourt.store.schema import api_token, audit, instance, login, operator
from forecourt.store.writes import shape_of

_AUDIT = Keyset((audit.c.id,), (str,))


class AccountReads(Reads):
    """Accounts and the audit."""

    async def has_operators(self) -> bool:
        return await self._reader.first(select(operator.c.username).limit(1)) is not None

    async def operator(self, username: str) -> Operator | None:
        query = select(*fields(Operator, operator)).where(operator.c.username == username)
        return decoded(Operator, await self._reader.first(query))

    async def operators(self) -> list[Operator]:
        """All operators, by name."""
        query = select(*fields(Operator, operator)).order_by(operator.c.username)
        return decoded_all(Operator, await self._reader.rows(query))

    async def login(self, digest: bytes) -> Login | None:
        """The login, expired or not."""
        query = select(*fields(Login, login)).where(login.c.digest == digest)
        return decoded(Login, await self._reader.first(query))

    async def api_token(self, digest: bytes) -> ApiToken | None:
        """The API token, expired, revoked or not."""
        query = select(*fields(ApiToken, api_token)).where(api_token.c.digest == digest)
        return decoded(ApiToken, await self._reader.first(query))

    async def api_tokens(self) -> list[ApiToken]:
        """All API tokens, by id."""
        query = select(*fields(ApiToken, api_token)).order_by(api_token.c.id)
        return decoded_all(ApiToken, await self._reader.rows(query))

    async def audit_page(
        self, subject: str | None = None, cursor: str | None = None, limit: int = 50
    ) -> Page[AuditEntry]:
        """A page of the audit, of one subject or all, the newest first. ValueError: a bad cursor or limit."""
        query = select(*fields(AuditEntry, audit))
        if subject is not None:
            query = query.where(audit.c.subject == subject)
        rows = await self._reader.rows(_AUDIT.paged(query, cursor, limit))
        return _AUDIT.page(rows, limit, shape_of(AuditEntry).decode)

    async def instance_value(self, key: str) -> str | None:
        """A fact about this installation."""
        row = await self._reader.first(select(instance.c.value).where(instance.c.key == key))
        return None if row is None else str(row[0])
