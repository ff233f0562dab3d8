"""Commands: by id, by idempotency key, of a pile, and what a sweep has to offer or give up."""

from datetime import datetime
from typing import Any

from sqlalchemy import select

from forecourt.domain.command import Command
from forecourt.store.codec import encode_time
from forecourt.store.reads.page import Keyset, Page
from forecourt.store.reads.reader import Query, Reads, decoded, decoded_all, fields
from forecourt.store.schema import command, pile_owner
from forecourt.store.schema.sessions import QUEUED
from forecourt.store.writes import shape_of

_ORDER = Keyset((command.c.created_at, command.c.id), (int, str))


def _commands() -> Query:
    return select(*fields(Command, command))


class CommandReads(Reads):
    """Commands."""

    async def command(self, command_id: str) -> Command | None:
        return await self._one_command(_commands().where(command.c.id == command_id))

    async def command_by_key(self, requested_by: str, idempotency_key: str) -> Command | None:
        """The command for which this requester used this key."""
        theirs = command.c.requested_by == requested_by
        return await self._one_command(
            _commands().where(theirs, command.c.idempotency_key == idempotency_key)
        )

    async def commands(
        self, pile_id: str | None = None, cursor: str | None = None, limit: int = 50
    ) -> Page[Command]:
        """A page of commands, of one pile or all, the newest first. ValueError: a bad cursor or limit."""
        query = _commands() if pile_id is None else _commands().where(command.c.pile_id == pile_id)
        rows = await self._reader.rows(_ORDER.paged(query, cursor, limit))
        return _ORDER.page(rows, limit, shape_of(Command).decode)

    async def commands_due(
        self, now: datetime, limit: int = 100, gateway_id: str | None = None
    ) -> list[Command]:
        """Queued commands that have not expired; with a `gateway_id` those for the piles that are connected to it."""
        query = _commands().where(QUEUED, command.c.expires_at > encode_time(now))
        if gateway_id is not None:
            query = query.where(_connected_to(gateway_id))
        return await self._list_of_commands(query.order_by(command.c.expires_at).limit(limit))

    async def commands_expired(self, now: datetime, limit: int = 100) -> list[Command]:
        """Queued commands whose time has run out."""
        query = _commands().where(QUEUED, command.c.expires_at <= encode_time(now))
        return await self._list_of_commands(query.order_by(command.c.expires_at).limit(limit))

    async def _one_command(self, query: Query) -> Command | None:
        return decoded(Command, await self._reader.first(query))

    async def _list_of_commands(self, query: Query) -> list[Command]:
        return decoded_all(Command, await self._reader.rows(query))


def _connected_to(gateway_id: str) -> Any:
    owner = select(pile_owner.c.pile_id).where(
        pile_owner.c.pile_id == command.c.pile_id,
        pile_owner.c.gateway_id == gateway_id,
        pile_owner.c.online,
    )
    return owner.exists()
