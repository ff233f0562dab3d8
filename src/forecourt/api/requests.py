"""What every request is held to before its handler: JSON bodies, and no query parameter that nobody reads."""

from collections.abc import Iterator
from typing import Any

from litestar.connection import ASGIConnection
from litestar.handlers.base import BaseRouteHandler
from litestar.params import QueryParameter

from forecourt.api.paths import open_segments
from forecourt.api.problem import MALFORMED, NOT_FOUND, NOT_JSON, FieldError, ProblemError

Connection = ASGIConnection[Any, Any, Any, Any]


async def whole_ids(connection: Connection, _: BaseRouteHandler) -> None:
    """Restore ids; refuse control characters, which no id has and PostgreSQL can't hold."""
    open_segments(connection)
    for value in connection.path_params.values():
        if isinstance(value, str) and any(char < " " or char == "\x7f" for char in value):
            raise ProblemError(
                NOT_FOUND, f"there is nothing with the id {value!r}: ids have no control characters"
            )


async def only_json(connection: Connection, handler: BaseRouteHandler) -> None:
    """Refuse a body that does not say that it is JSON; also what a form of a foreign page could send."""
    if "data" not in handler.parsed_fn_signature.parameters:
        return
    kind = connection.headers.get("content-type", "")
    if kind.partition(";")[0].strip().lower() != "application/json":
        raise ProblemError(NOT_JSON, f"send the header Content-Type: application/json, not {kind!r}")


async def known_query(connection: Connection, handler: BaseRouteHandler) -> None:
    """Refuse query parameters that the operation does not know: a filter with a typing error must not match everything."""
    known = set(_query_names(handler))
    unknown = [name for name in connection.query_params if name not in known]
    if unknown:
        errors = [FieldError(f"query.{name}", "unknown parameter") for name in unknown]
        names = ", ".join(sorted(known)) or "none"
        raise ProblemError(MALFORMED, f"unknown query parameter {unknown[0]!r}; known here: {names}", errors)


def _query_names(handler: BaseRouteHandler) -> Iterator[str]:
    for name, field in handler.parsed_fn_signature.parameters.items():
        if isinstance(field.kwarg_definition, QueryParameter):
            yield field.kwarg_definition.name or name
