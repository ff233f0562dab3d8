"""Ids in paths: a percent-encoded slash belongs to the id.

ASGI decodes the path before it is routed, so ``/tokens/A%2FB`` would be three segments. Here each segment of the raw path
is decoded by itself, and what would confuse the router (``/`` and ``%``) stays encoded until the router is through.
"""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import unquote

from litestar.connection import ASGIConnection

PREFIX = "/api/"
_MARK = "forecourt.segments"

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]
AsgiApp = Callable[[Any, Any, Any], Awaitable[None]]


def whole_segments(app: AsgiApp) -> AsgiApp:
    """Wrap an application so that ids of API paths may contain any character."""

    async def wrapped(scope: Any, receive: Any, send: Any) -> None:
        raw: bytes = scope.get("raw_path") or b""
        if scope["type"] == "http" and b"%" in raw and scope["path"].startswith(PREFIX):
            scope = {**scope, "path": _segments(raw), _MARK: True}
        await app(scope, receive, send)

    return wrapped


def _segments(raw: bytes) -> str:
    path = raw.partition(b"?")[0].decode("latin-1")
    return "/".join(_kept(unquote(segment)) for segment in path.split("/"))


def _kept(segment: str) -> str:
    return segment.replace("%", "%25").replace("/", "%2F")


def open_segments(connection: ASGIConnection[Any, Any, Any, Any]) -> None:
    """Give the handler its path parameters as they were meant."""
    scope: Scope = connection.scope  # type: ignore[assignment]
    if scope.get(_MARK):
        scope["path_params"] = {
            name: unquote(value) if isinstance(value, str) else value
            for name, value in scope["path_params"].items()
        }
