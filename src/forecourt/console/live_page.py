"""The address at which pages listen."""

from litestar import Response, get
from litestar.exceptions import ServiceUnavailableException
from litestar.params import FromQuery
from litestar.response import Stream

from forecourt.console.live import NAMES, Scope, stream
from forecourt.console.visit import AnyRequest, Visit, login_cookie, visit_of
from forecourt.services import accounts


@get("/live")
async def live(
    request: AnyRequest,
    topics: FromQuery[str] = "",
    station: FromQuery[str] = "",
    pile: FromQuery[str] = "",
    session: FromQuery[int | None] = None,
    since: FromQuery[str] = "",
) -> Stream | Response[str]:
    """A stream of small events: which of the page's ``topics`` are to be fetched anew, since a mark."""
    visit = visit_of(request)
    hub = visit.desk.hub
    if hub.full or hub.closed:
        raise ServiceUnavailableException("too many live pages, or the server is stopping")
    names = frozenset(NAMES.values()).intersection(topics.split(","))
    watcher = await hub.watch(
        Scope(station, pile, session), names, request.headers.get("last-event-id") or since
    )
    secret = request.cookies.get(login_cookie(visit.sv), "")
    return Stream(
        stream(hub, watcher, lambda: _allowed(visit, secret)),
        media_type="text/event-stream",
        # Proxies must not hold events back to compress or collect them.
        headers={"Cache-Control": "no-store, no-transform", "X-Accel-Buffering": "no"},
    )


async def _allowed(visit: Visit, secret: str) -> bool:
    return await accounts.signed_in(visit.sv, secret) is not None
