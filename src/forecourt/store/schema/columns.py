"""The column types of the schema: few, and the same on both engines (`forecourt.store.codec`)."""

from typing import Any

from sqlalchemy import BigInteger, Boolean, Column, Double, Integer, LargeBinary, MetaData, Text
from sqlalchemy.sql.type_api import TypeEngine

# Names of constraints and indexes are stated, so that migrations can name them on both engines.
metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
    }
)

# Compared byte by byte, as SQLite does, whatever the collation of the database: keysets have the same order everywhere.
_TEXT = Text().with_variant(Text(collation="C"), "postgresql")


def _column(kind: TypeEngine[Any], name: str, null: bool, key: bool) -> Column[Any]:
    return Column(name, kind, primary_key=key, nullable=null, autoincrement=False)


def text(name: str, *, null: bool = False, key: bool = False) -> Column[Any]:
    """Text, an enumeration's value, or JSON."""
    return _column(_TEXT, name, null, key)


def integer(name: str, *, null: bool = False, key: bool = False) -> Column[Any]:
    """A number of 64 bits, signed: also time (µs UTC) and money (10⁻⁶)."""
    return _column(BigInteger(), name, null, key)


def number(name: str) -> Column[Any]:
    """The number that is the whole primary key; on SQLite the rowid itself, which saves an index."""
    return _column(BigInteger().with_variant(Integer(), "sqlite"), name, False, True)


def real(name: str, *, null: bool = False) -> Column[Any]:
    return _column(Double(), name, null, False)


def flag(name: str) -> Column[Any]:
    return _column(Boolean(), name, False, False)


def blob(name: str, *, null: bool = False, key: bool = False) -> Column[Any]:
    return _column(LargeBinary(), name, null, key)


time = integer
money = integer
json = text
