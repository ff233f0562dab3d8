"""Errors as pages, in the visitor's language; what they say of the inside goes to the log."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

import structlog
from litestar import Response
from litestar.exceptions import HTTPException

from forecourt.console.desk import Desk
from forecourt.console.headers import HEADERS
from forecourt.console.render import html
from forecourt.console.visit import AnyRequest, Visit, anonymous
from forecourt.console.words import N_
from forecourt.store.errors import StoreError

log = structlog.get_logger(__name__)

Handler = Callable[[AnyRequest, Any], Response[Any]]
# status → (title, what to do)
TEXTS: dict[int, tuple[str, str]] = {
    400: (
        N_("This can't be done"),
        N_("The address or form says something that does not fit. Go back and try again."),
    ),
    403: (
        N_("Not allowed"),
        N_(
            "Your role does not allow this, or the form is too old. Go back, load the page anew and try again; "
            "cookies must be allowed for this site."
        ),
    ),
    404: (
        N_("Not found"),
        N_("There is nothing at this address. It may have been removed, or the link is wrong."),
    ),
    405: (
        N_("This can't be done"),
        N_("The address or form says something that does not fit. Go back and try again."),
    ),
    413: (N_("Too large"), N_("More was sent than a form of this site holds.")),
    500: (
        N_("Something went wrong"),
        N_("The server's log says what. Try again; if it stays, tell whoever runs it."),
    ),
    503: (
        N_("The database can't be asked"),
        N_("Charging goes on and nothing is lost; try again in a moment. The server's log says more."),
    ),
}


def handlers(desk: Desk) -> dict[int | type[Exception], Handler]:
    """Return what answers for exceptions."""

    def answer(request: AnyRequest, error: Exception) -> Response[Any]:
        visit: Visit = getattr(request.state, "visit", None) or anonymous(desk, request)
        status = _status(error)
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            log.error("page_failed", path=request.url.path, error=repr(error), exc_info=error)
        title, hint = TEXTS.get(status, TEXTS[400] if status < 500 else TEXTS[500])
        template = "failure_part.html" if "hx-request" in request.headers else "failure.html"
        detail = _detail(error)
        page = html(visit, template, status=status, code=status, title=title, hint=hint, detail=detail)
        # Where no route is found, the answer does not pass the router's own middleware.
        page.headers.update({**HEADERS, "Cache-Control": "no-store"})
        return page

    return {Exception: answer}


def _status(error: Exception) -> int:
    if isinstance(error, HTTPException):
        return error.status_code
    if isinstance(error, StoreError):
        return HTTPStatus.SERVICE_UNAVAILABLE
    # A cursor or limit that the store does not take came with the address.
    return HTTPStatus.BAD_REQUEST if isinstance(error, ValueError) else HTTPStatus.INTERNAL_SERVER_ERROR


def _detail(error: Exception) -> str:
    client_error = isinstance(error, HTTPException) and error.status_code == HTTPStatus.BAD_REQUEST
    return str(getattr(error, "detail", "")) if client_error else ""
