"""The SQL text of the writes, for both engines, from the schema.

On SQLite a statement takes one row (`executemany` runs it over a batch). On PostgreSQL it takes the whole batch, one
array for each column: `INSERT … SELECT … FROM unnest($1::bigint[], $2::text[]) ON CONFLICT …`.
"""

from collections.abc import Sequence
from enum import Enum, auto
from typing import NamedTuple

from sqlalchemy import BigInteger, Boolean, Double, LargeBinary, Table, Text


class Mode(Enum):
    """How a row meets one with the same key."""

    UPSERT = auto()
    IGNORE = auto()
    INSERT = auto()
    UPDATE = auto()
    DELETE = auto()


class Target(NamedTuple):
    """Where a row goes: `keys` find it, `sets` is what an upsert or update changes, `guard` is one more condition.

    In the guard of an upsert the stored row goes by its table's name and the new one by `excluded`.
    """

    table: Table
    mode: Mode
    columns: tuple[str, ...]
    keys: tuple[str, ...]
    sets: tuple[str, ...]
    guard: str = ""


# A command that was sent: as the partial index says it, then what is meant. The loss of a connection leaves open whether
# the pile got it: it is never sent again by itself (DESIGN §3).
SENT = "state IN ('sent', 'timed_out', 'unknown') AND state = 'sent'"
LOST = "state = 'unknown', error = 'the connection was lost before the answer'"

_ARRAY_TYPES = {
    BigInteger: "bigint",
    Text: "text",
    LargeBinary: "bytea",
    Double: "float8",
    Boolean: "boolean",
}


def array_types(target: Target) -> tuple[str, ...]:
    """The PostgreSQL type of each column."""
    return tuple(_ARRAY_TYPES[type(target.table.c[name].type)] for name in target.columns)


def sqlite_text(target: Target) -> str:
    """The statement for one row, its values in the order of `columns`, by number."""
    number = {name: f"?{place}" for place, name in enumerate(target.columns, 1)}
    if target.mode is Mode.UPDATE:
        sets = ", ".join(f"{name} = {number[name]}" for name in target.sets)
        return f"UPDATE {target.table.name} SET {sets} WHERE {_where(target, number)}"
    if target.mode is Mode.DELETE:
        return f"DELETE FROM {target.table.name} WHERE {_where(target, number)}"
    values = ", ".join(number.values())
    return f"INSERT INTO {_into(target)} VALUES ({values}){_on_conflict(target)}"


def postgres_text(target: Target) -> str:
    """The statement for a batch: `$1` is the array of the first column's values, and so on."""
    names = {name: f"r.{name}" for name in target.columns}
    rows = f"{unnest(array_types(target))} AS r({', '.join(target.columns)})"
    table = target.table.name
    if target.mode is Mode.UPDATE:
        sets = ", ".join(f"{name} = {names[name]}" for name in target.sets)
        return f"UPDATE {table} SET {sets} FROM {rows} WHERE {_where(target, names)}"
    if target.mode is Mode.DELETE:
        return f"DELETE FROM {table} USING {rows} WHERE {_where(target, names)}"
    return f"INSERT INTO {_into(target)} SELECT {', '.join(names.values())} FROM {rows}{_on_conflict(target)}"


def unnest(types: Sequence[str]) -> str:
    """`unnest($1::text[], …)`: the arrays of a batch as rows."""
    return f"unnest({', '.join(f'${place}::{kind}[]' for place, kind in enumerate(types, 1))})"


def _into(target: Target) -> str:
    return f"{target.table.name} ({', '.join(target.columns)})"


def _where(target: Target, values: dict[str, str]) -> str:
    found = [f"{target.table.name}.{key} = {values[key]}" for key in target.keys]
    return " AND ".join([*found, target.guard] if target.guard else found)


def _on_conflict(target: Target) -> str:
    keys = ", ".join(target.keys)
    if target.mode is Mode.INSERT:
        return ""
    if target.mode is Mode.IGNORE or not target.sets:
        return f" ON CONFLICT ({keys}) DO NOTHING"
    sets = ", ".join(f"{name} = excluded.{name}" for name in target.sets)
    guard = f" WHERE {target.guard}" if target.guard else ""
    return f" ON CONFLICT ({keys}) DO UPDATE SET {sets}{guard}"
