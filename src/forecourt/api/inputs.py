"""What handlers are handed, by annotation."""

from datetime import datetime
from typing import Annotated, Any

from litestar import Request
from litestar.di import NamedDependency
from litestar.params import PathParameter, QueryParameter, SkipValidation

from forecourt.api.auth import Caller
from forecourt.api.problem import MALFORMED, FieldError, ProblemError
from forecourt.api.schema.texts import NO_CONTROL
from forecourt.services.context import Services

Sv = NamedDependency[SkipValidation[Services]]
By = NamedDependency[SkipValidation[Caller]]
AnyRequest = Request[Any, Any, Any]

SessionId = Annotated[int, PathParameter(ge=0, le=2**63 - 1, description="Id of the session.")]
StationId = Annotated[str, PathParameter(description="Id of the station.")]
PileId = Annotated[str, PathParameter(description="Id of the pile, as in the path of its OCPP connection.")]
Filter = QueryParameter(max_length=200, pattern=NO_CONTROL, description="Only those.")
Limit = Annotated[int, QueryParameter(ge=1, le=1000, description="How many items at most.")]
Cursor = Annotated[
    str | None,
    QueryParameter(max_length=500, pattern="^[A-Za-z0-9_-]*$", description="`next` of the page before."),
]
Since = Annotated[datetime | None, QueryParameter(description="From then on; RFC 3339 with an offset.")]
Until = Annotated[datetime | None, QueryParameter(description="Before then; RFC 3339 with an offset.")]


def aware(name: str, at: datetime | None) -> datetime | None:
    """Return a time of the query. Raises ProblemError for one that could be anybody's noon."""
    if at is not None and at.tzinfo is None:
        problem = "has no offset: write it as 2026-01-01T00:00:00Z"
        raise ProblemError(MALFORMED, f"query.{name}: {problem}", [FieldError(f"query.{name}", problem)])
    return at


def same_id(path: str, body: str | None, name: str = "id") -> None:
    """Hold an id that the body repeats to the one of the path. Raises ProblemError."""
    if body is not None and body != path:
        problem = f"{body!r} is not the {path!r} of the path: leave it out"
        raise ProblemError(MALFORMED, f"$.{name}: {problem}", [FieldError(f"$.{name}", problem)])
