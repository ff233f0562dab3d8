"""Errors as the API says them: RFC 9457 problem details, each with what is wrong and what to do."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple
from uuid import uuid4

import msgspec
import structlog
from litestar import Request, Response
from litestar.exceptions import HTTPException, ValidationException

from forecourt.domain.tariff_check import TariffError
from forecourt.services.network import InvalidError
from forecourt.store.errors import StoreError

log = structlog.get_logger(__name__)

MEDIA_TYPE = "application/problem+json"


class Kind(NamedTuple):
    """A kind of problem: the end of its ``type`` URI, its HTTP status, its title."""

    name: str
    status: int
    title: str


MALFORMED = Kind("malformed", 400, "The request can't be read")
UNAUTHENTICATED = Kind("unauthenticated", 401, "Who is asking is not known")
FORBIDDEN = Kind("forbidden", 403, "This token may not do that")
NOT_FOUND = Kind("not-found", 404, "There is no such thing")
NOT_ALLOWED = Kind("method-not-allowed", 405, "This can't be done with it")
CONFLICT = Kind("conflict", 409, "The state of things does not allow it")
NOT_CONNECTED = Kind("not-connected", 409, "The pile is not connected")
TOO_LARGE = Kind("too-large", 413, "The body is too large")
NOT_JSON = Kind("not-json", 415, "The body is not JSON")
INVALID = Kind("invalid", 422, "The content can't be taken")
KEY_REUSED = Kind("idempotency-key-reused", 422, "The key was used for another command")
TOO_MANY = Kind("too-many-attempts", 429, "Too many failed attempts")
INTERNAL = Kind("internal", 500, "Something went wrong on our side")
UNAVAILABLE = Kind("unavailable", 503, "The database does not answer")
NO_ANSWER = Kind("no-answer", 504, "The pile did not answer in time")

KINDS = (
    MALFORMED, UNAUTHENTICATED, FORBIDDEN, NOT_FOUND, NOT_ALLOWED, CONFLICT, NOT_CONNECTED, TOO_LARGE, NOT_JSON,
    INVALID, KEY_REUSED, TOO_MANY, INTERNAL, UNAVAILABLE, NO_ANSWER,
)  # fmt: skip


class FieldError(msgspec.Struct, frozen=True, omit_defaults=True):
    """One thing that is wrong: ``path`` is a JSON path into the body, or ``query.``, ``path.`` or ``header.`` and a name."""

    path: str
    problem: str
    remedy: str = ""


class Problem(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """RFC 9457. ``type`` names the kind for programs, ``detail`` says to people what is wrong and what to do.

    ``errors`` lists what is wrong in the request; ``command_id`` is the command that was not sent or got no answer;
    ``instance`` names an entry of the server's log.
    """

    type: str
    title: str
    status: int
    detail: str
    errors: tuple[FieldError, ...] = ()
    command_id: str = ""
    instance: str = ""


class ProblemError(Exception):
    """Raised by handlers; answered as ``application/problem+json``."""

    def __init__(
        self,
        kind: Kind,
        detail: str,
        errors: Iterable[FieldError] = (),
        *,
        command_id: str = "",
        instance: str = "",
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.headers = dict(headers or {})
        self.problem = Problem(
            type=f"urn:forecourt:problem:{kind.name}",
            title=kind.title,
            status=kind.status,
            detail=detail,
            errors=tuple(errors),
            command_id=command_id,
            instance=instance,
        )


def missing(what: str, name: object) -> ProblemError:
    """Return the problem of an id that nothing has."""
    return ProblemError(
        NOT_FOUND, f"there is no {what} {str(name)!r}: see the list of {what}s for those there are"
    )


def problem_response(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    """Return the answer to an exception: the one exception handler of the API."""
    found = _problem(request, error)
    return Response(
        content=msgspec.json.encode(found.problem),
        status_code=found.problem.status,
        media_type=MEDIA_TYPE,
        headers={**found.headers, "cache-control": "no-store"},
    )


def _problem(request: Request[Any, Any, Any], error: Exception) -> ProblemError:
    if isinstance(error, ProblemError):
        return error
    if isinstance(error, ValidationException):
        return _bad_parameters(error)
    if isinstance(error, HTTPException) and error.status_code < 500:
        return _of_http(request, error)
    if isinstance(error, TariffError):
        errors = tuple(FieldError(*row) for row in error.problems)
        return ProblemError(INVALID, str(error).replace("\n", "; "), errors)
    if isinstance(error, InvalidError):
        return invalid(str(error))
    if isinstance(error, StoreError):
        log.error("api_store_failed", path=request.url.path, error=str(error))
        return ProblemError(
            UNAVAILABLE, "the database does not answer; try again later", headers={"retry-after": "5"}
        )
    instance = f"urn:uuid:{uuid4()}"
    log.error("api_failed", path=request.url.path, instance=instance, exc_info=error)
    detail = f"this is our mistake; the server's log has the details under {instance}"
    return ProblemError(INTERNAL, detail, instance=instance)


def invalid(message: str) -> ProblemError:
    """Return the problem of a service's refusal, which reads ``field: what is wrong; what to do``."""
    where, colon, what = message.partition(": ")
    named = bool(colon) and all(name.isidentifier() for name in where.split(", "))
    errors = [FieldError(f"$.{name}", what) for name in where.split(", ")] if named else []
    return ProblemError(INVALID, message, errors)


def _bad_parameters(error: ValidationException) -> ProblemError:
    rows = [row for row in error.extra or () if isinstance(row, dict)]
    if any(row.get("key") == "data" for row in rows):
        return ProblemError(MALFORMED, "the request has no body: send a JSON object")
    errors = [_parameter(row) for row in rows]
    detail = "; ".join(f"{row.path}: {row.problem}" for row in errors) or error.detail
    return ProblemError(MALFORMED, detail, errors)


def _parameter(row: Mapping[str, Any]) -> FieldError:
    source = row.get("source")
    return FieldError(f"{getattr(source, 'value', source)}.{row.get('key', '')}", str(row.get("message", "")))


def _of_http(request: Request[Any, Any, Any], error: HTTPException) -> ProblemError:
    path, method = request.url.path, request.method
    details = {
        404: f"there is nothing at {path}: /docs lists what there is",
        405: f"{method} is not known at {path}: see the Allow header for what is",
        413: "send less, or in several requests",
    }
    by_status = {kind.status: kind for kind in reversed(KINDS)}
    kind = by_status.get(error.status_code, MALFORMED)
    return ProblemError(kind, details.get(kind.status, error.detail), headers=error.headers)
