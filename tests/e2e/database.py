"""The database itself, behind the back of the server."""

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from typing import Any

import asyncpg
from tests.e2e.server import Server


async def rows(server: Server, sql: str, database_url: str = "") -> Sequence[Sequence[Any]]:
    """What a query gives, on the SQLite file of the data folder or on PostgreSQL."""
    if not database_url:
        path = server.data_dir / "forecourt.sqlite3"
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
            return connection.execute(sql).fetchall()
    connection = await asyncpg.connect(database_url)
    try:
        return [tuple(row) for row in await connection.fetch(sql)]
    finally:
        await connection.close()
