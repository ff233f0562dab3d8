"""Reading lists to their end."""

from collections.abc import Awaitable, Callable
from typing import Any

from forecourt.store.reads.page import Page


async def all_pages(fetch: Callable[[str | None], Awaitable[Page[Any]]], most: int) -> list[Any]:
    """The items of all pages; every page but the last is full."""
    items: list[Any] = []
    cursor: str | None = None
    while True:
        page = await fetch(cursor)
        items += page.items
        if page.next_cursor is None:
            return items
        assert len(page.items) == most
        cursor = page.next_cursor
