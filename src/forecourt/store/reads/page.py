"""Pages by keyset: a cursor says after which row the next page begins, so every page costs the same."""

import base64
from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar

import msgspec
from sqlalchemy import ColumnElement, Select, tuple_

MAX_LIMIT = 1000
T = TypeVar("T")


class Page(msgspec.Struct, Generic[T], frozen=True):
    """Some items in order; `next_cursor` fetches what follows, None at the end."""

    items: tuple[T, ...]
    next_cursor: str | None


class Keyset(msgspec.Struct, frozen=True):
    """An order: its columns with the type of each, the last one unique; `newest` reads it backwards."""

    columns: tuple[ColumnElement[Any], ...]
    kinds: tuple[type, ...]
    newest: bool = True

    def paged(
        self, query: Select[*tuple[Any, ...]], cursor: str | None, limit: int
    ) -> Select[*tuple[Any, ...]]:
        """The query of the rows after the cursor, one more than the page holds; the key's columns come last.

        ValueError: this cursor was not made for this list, or the limit is out of bounds.
        """
        if not 1 <= limit <= MAX_LIMIT:
            raise ValueError(f"limit must be between 1 and {MAX_LIMIT}, not {limit}")
        if cursor is not None:
            here, there = tuple_(*self.columns), tuple_(*_position(cursor, self.kinds))
            query = query.where(here < there if self.newest else here > there)
        order = [column.desc() if self.newest else column.asc() for column in self.columns]
        return query.add_columns(*self.columns).order_by(*order).limit(limit + 1)

    def page(self, rows: Sequence[Any], limit: int, decode: Callable[[Any], T]) -> Page[T]:
        """The page from the rows of `paged`."""
        more = len(rows) > limit
        cursor = _cursor(rows[limit - 1][-len(self.columns) :]) if more else None
        return Page(tuple(decode(row) for row in rows[:limit]), cursor)


def _cursor(position: Sequence[Any]) -> str:
    packed = msgspec.msgpack.encode(list(position))
    return base64.urlsafe_b64encode(packed).rstrip(b"=").decode()


def _position(cursor: str, kinds: tuple[type, ...]) -> tuple[Any, ...]:
    try:
        packed = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        return msgspec.msgpack.decode(packed, type=tuple[kinds])  # type: ignore[valid-type]
    except (ValueError, msgspec.MsgspecError):
        raise ValueError(
            f"{cursor[:80]!r} is no cursor of this list: take `next_cursor` of the page before"
        ) from None
