"""All pages as one router."""

from litestar import Router
from litestar.datastructures import CacheControlHeader
from litestar.static_files import create_static_files_router

from forecourt.console import (
    commands,
    live_page,
    master_data,
    overview,
    pile,
    pile_log,
    piles,
    session,
    sessions,
    sign_in,
    stations,
)
from forecourt.console.access import entrance
from forecourt.console.desk import desk_of
from forecourt.console.failures import Handler, handlers
from forecourt.console.headers import protected
from forecourt.console.land import SOURCE
from forecourt.console.live import LiveHub
from forecourt.console.render import STATIC, static_version
from forecourt.services.context import Services

PAGES = (
    sign_in.sign_in_page,
    sign_in.sign_in,
    sign_in.sign_out,
    sign_in.preferences,
    live_page.live,
    overview.overview,
    stations.stations,
    stations.station,
    piles.piles,
    pile.pile,
    pile.pile_sessions,
    pile.pile_commands,
    pile.pile_settings,
    pile_log.pile_log,
    pile.admit,
    commands.ask,
    commands.give,
    sessions.sessions,
    sessions.sessions_csv,
    session.session,
    session.curve,
    session.curve_csv,
    session.release,
    master_data.tariffs,
    master_data.tokens,
    master_data.audit,
)


def console_router(sv: Services, hub: LiveHub) -> Router:
    """Return the console: pages at ``/``, files at ``/static``. It needs nothing of the application's own configuration.

    ``hub`` is to be closed before the HTTP server is told to stop: live pages are streams that end with it. Raises
    FileNotFoundError when the browser's files were not built.
    """
    if not SOURCE.is_file():
        raise FileNotFoundError(f"{SOURCE.parent}: the pages' scripts were not fetched yet; run `make setup`")
    desk = desk_of(sv, hub)
    pages = Router("/", route_handlers=PAGES, before_request=entrance(desk), include_in_schema=False)
    return Router(
        "/",
        route_handlers=[pages, _files()],
        middleware=[protected],
        exception_handlers=handlers(desk),
        include_in_schema=False,
    )


def not_found(sv: Services, hub: LiveHub) -> Handler:
    """Return what answers, as a page, for addresses that no route has; for the application's own exception handlers."""
    return handlers(desk_of(sv, hub))[Exception]


def _files() -> Router:
    # The version is a part of the path, so a file never changes at its address.
    return create_static_files_router(
        path=f"/static/{static_version()}",
        directories=[STATIC],
        name="console-static",
        include_in_schema=False,
        cache_control=CacheControlHeader(max_age=31_536_000, public=True, immutable=True),
    )
