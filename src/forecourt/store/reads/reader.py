"""Asking the database: the one place where reads meet an engine and its errors."""

from collections.abc import Sequence
from typing import Any, TypeVar

import asyncpg
import msgspec
from sqlalchemy import Column, Select, Table
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from forecourt.store.errors import StoreError
from forecourt.store.migrate import explain
from forecourt.store.writes import shape_of

Query = Select[*tuple[Any, ...]]
Rows = Sequence[Sequence[Any]]
T = TypeVar("T", bound=msgspec.Struct)


class Reader:
    """A pool of connections that only read. Every method raises StoreError if the database can't be asked."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def rows(self, query: Query) -> Rows:
        return (await self.all(query))[0]

    async def first(self, query: Query) -> Sequence[Any] | None:
        found = await self.rows(query)
        return found[0] if found else None

    async def all(self, *queries: Query) -> list[Rows]:
        """The rows of several queries, asked one after the other on one connection."""
        try:
            async with self._engine.connect() as connection:
                return [(await connection.execute(query)).all() for query in queries]
        except (SQLAlchemyError, asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as error:
            raise StoreError(f"can't read the database: {explain(error)}") from None

    async def close(self) -> None:
        await self._engine.dispose()


class Reads:
    """What the modules of this package have in common: somewhere to ask."""

    _reader: Reader


def fields(kind: type[T], table: Table) -> list[Column[Any]]:
    """The columns of a struct, in the order in which `decoded` takes them."""
    return [table.c[name] for name in shape_of(kind).fields]


def decoded(kind: type[T], row: Sequence[Any] | None) -> T | None:
    """The struct in a row that begins with its `fields`; None from None."""
    return None if row is None else shape_of(kind).decode(row)


def decoded_all(kind: type[T], rows: Sequence[Sequence[Any]]) -> list[T]:
    decode = shape_of(kind).decode
    return [decode(row) for row in rows]
