"""Lists, page by page: a cursor says where the next one begins, so that every page costs the same."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, Protocol, TypeVar
from urllib.parse import urlencode

import msgspec
from litestar import Response

from forecourt.api.inputs import AnyRequest
from forecourt.api.problem import MALFORMED, FieldError, ProblemError

T = TypeVar("T")
Row = TypeVar("Row", covariant=True)


class Page(msgspec.Struct, Generic[T], frozen=True):
    """Some items in order. ``next`` is the ``cursor`` of what follows; null at the end."""

    items: tuple[T, ...]
    next: str | None = None


class StoredPage(Protocol[Row]):
    """A page as the store returns it."""

    @property
    def items(self) -> Sequence[Row]: ...

    @property
    def next_cursor(self) -> str | None: ...


async def paged(
    request: AnyRequest, found: Awaitable[StoredPage[Row]], view: Callable[[Row], T]
) -> Response[Page[T]]:
    """Return a page of the store as the API shows it, with its ``Link`` to the next. Raises ProblemError: a bad cursor."""
    try:
        page = await found
    except (ValueError, OverflowError):
        problem = "this is no cursor of this list: take `next` of the page before"
        raise ProblemError(MALFORMED, problem, [FieldError("query.cursor", problem)]) from None
    shown = Page(tuple(view(row) for row in page.items), page.next_cursor)
    return Response(shown, headers=_link(request, shown.next))


def whole(items: Sequence[Row], view: Callable[[Row], T]) -> Page[T]:
    """Return a list that has one page."""
    return Page(tuple(view(row) for row in items))


def _link(request: AnyRequest, cursor: str | None) -> dict[str, str]:
    """RFC 8288, relative to the request (RFC 3986 §5.2.2): a proxy may know us under another name and path."""
    if cursor is None:
        return {}
    kept = [(name, value) for name, value in request.query_params.multi_items() if name != "cursor"]
    return {"link": f'<?{urlencode([*kept, ("cursor", cursor)])}>; rel="next"'}
