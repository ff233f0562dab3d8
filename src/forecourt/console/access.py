"""The entrance of every page: who may come in, and whether a form was sent from a page of ours."""

import hmac
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import quote

from litestar import MediaType, Response
from litestar.exceptions import PermissionDeniedException

from forecourt.console.desk import Desk
from forecourt.console.render import see_other
from forecourt.console.visit import AnyRequest, Visit, guest_cookie, visit_from
from forecourt.domain.records import Role

Entrance = Callable[[AnyRequest], Awaitable[Response[Any] | None]]
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
# The `opt` of a handler: `GUEST` says that no sign-in is needed, `NEEDS` names the role (default: any).
GUEST = {"guest": True}
OPERATOR = {"role": Role.OPERATOR}


def entrance(desk: Desk) -> Entrance:
    """Return what runs before every handler: it makes the visit, or answers in the handler's stead."""

    async def enter(request: AnyRequest) -> Response[Any] | None:
        visit = await visit_from(desk, request)
        request.state.visit = visit
        if request.method not in SAFE_METHODS:
            await _hold_form(request, visit)
        options = request.route_handler.opt
        if visit.operator is None:
            return None if options.get("guest") else _to_sign_in(request, visit)
        role: Role = options.get("role", Role.VIEWER)
        if not visit.may(role):
            raise PermissionDeniedException(role.value)
        return None

    return enter


def _to_sign_in(request: AnyRequest, visit: Visit) -> Response[Any]:
    target = "/sign-in" if visit.here == "/" else f"/sign-in?next={quote(visit.here, safe='')}"
    if "hx-request" in request.headers or request.method not in SAFE_METHODS:
        # A fragment can't become the sign-in page: the whole page has to go there, and comes back to itself.
        return Response("", status_code=401, media_type=MediaType.TEXT, headers={"HX-Redirect": "/sign-in"})
    return see_other(target)


async def _hold_form(request: AnyRequest, visit: Visit) -> None:
    """Refuse a form that was not made by us for this login. Raises PermissionDeniedException."""
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        raise PermissionDeniedException("cross-site")
    sent = (await request.form()).get("csrf", "")
    bound = visit.login is not None or guest_cookie(visit.sv) in request.cookies
    if not bound or not hmac.compare_digest(str(sent).encode(), visit.csrf.encode()):
        raise PermissionDeniedException("csrf")
