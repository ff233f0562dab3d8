"""The API as a part of the web application: its router, its document, its pages, its probes, its errors."""

from collections.abc import Callable, Mapping
from functools import cache
from typing import NamedTuple

from litestar import Litestar, MediaType, Response, Router, get
from litestar.di import Provide
from litestar.handlers import HTTPRouteHandler
from prometheus_client import CollectorRegistry

from forecourt.api import metrics, probes, viewer
from forecourt.api.auth import Caller, caller_of, guard
from forecourt.api.body import MAX_BYTES, StrictJson
from forecourt.api.document import document
from forecourt.api.inputs import AnyRequest
from forecourt.api.paths import whole_segments
from forecourt.api.problem import problem_response
from forecourt.api.requests import known_query, only_json, whole_ids
from forecourt.api.routes import accounts, billing, commands, overview, piles, sessions, stations, tokens
from forecourt.services.context import Services

PATH = "/api/v1"
_MODULES = (overview, stations, piles, sessions, billing, tokens, commands, accounts)
OnError = Callable[[AnyRequest, Exception], Response[bytes]]
# What is served beside the API, and answered with problems too.
_OWN = ("/api/", "/openapi.json", "/docs", "/healthz", "/readyz", "/metrics")


class HttpApi(NamedTuple):
    """What the web application registers: the handlers, and what answers to their exceptions."""

    handlers: list[Router | HTTPRouteHandler]
    on_error: OnError


def http_api(
    sv: Services,
    local_token_digest: bytes,
    registry: CollectorRegistry,
    checks: Mapping[str, probes.Probe],
) -> HttpApi:
    """Return all that the API serves.

    ``local_token_digest``: SHA-256 of the token that the server's own commands present. ``registry``: what the process
    counts. ``checks``: what must work besides the store for ``/readyz``, each a function that returns why it does not.
    """
    return HttpApi(
        [api_router(sv, local_token_digest), *_documents(sv), *_probes(sv, registry, checks)],
        problem_response,
    )


def owns(path: str) -> bool:
    """Say whether a path is the API's, so that what goes wrong there is answered as a problem, not as a page."""
    return path.startswith(_OWN) or path == "/api"


def keep_ids_whole(app: Litestar) -> None:
    """Let ids in the API's paths contain slashes: to be called once, when the application is made."""
    app.asgi_handler = whole_segments(app.asgi_handler)


def api_router(sv: Services, local_token_digest: bytes) -> Router:
    """Return the router of ``/api/v1``."""

    def services() -> Services:
        return sv

    def caller(request: AnyRequest) -> Caller:
        return caller_of(request.scope)

    return Router(
        PATH,
        route_handlers=[handler for module in _MODULES for handler in module.HANDLERS],
        dependencies={
            "sv": Provide(services, sync_to_thread=False),
            "caller": Provide(caller, sync_to_thread=False),
        },
        guards=[guard(sv, local_token_digest), whole_ids, only_json, known_query],
        dto=StrictJson,
        return_dto=None,
        request_max_body_size=MAX_BYTES,
        response_headers={"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"},
        exception_handlers={Exception: problem_response},
    )


def _documents(sv: Services) -> list[HTTPRouteHandler]:
    @cache
    def written() -> bytes:
        return document(api_router(sv, b""))

    @get("/openapi.json", include_in_schema=False, sync_to_thread=True)
    def openapi() -> Response[bytes]:
        """Serve the OpenAPI document."""
        return Response(written(), media_type=MediaType.JSON)

    @get("/docs", include_in_schema=False, sync_to_thread=False)
    def docs() -> Response[str]:
        """Serve the API's pages."""
        headers = {"Content-Security-Policy": viewer.CONTENT_SECURITY_POLICY}
        return Response(viewer.HTML, media_type=MediaType.HTML, headers=headers)

    @get("/docs/start.js", include_in_schema=False, sync_to_thread=False)
    def start() -> Response[str]:
        """Serve the script of the API's pages."""
        return Response(viewer.SCRIPT, media_type="text/javascript")

    return [openapi, docs, start]


def _probes(
    sv: Services, registry: CollectorRegistry, checks: Mapping[str, probes.Probe]
) -> list[HTTPRouteHandler]:
    @get("/healthz", include_in_schema=False)
    async def healthz() -> probes.Health:
        """Say that the process is alive."""
        return probes.Health()

    @get("/readyz", include_in_schema=False)
    async def readyz() -> Response[probes.Readiness]:
        """Say whether requests and piles can be served."""
        found = await probes.readiness(sv, checks)
        return Response(found, status_code=200 if found.ready else 503, headers={"Cache-Control": "no-store"})

    @get("/metrics", include_in_schema=False)
    async def prometheus() -> Response[bytes]:
        """Serve the metrics in Prometheus' text format."""
        return Response(await metrics.exposition(sv, registry), media_type=metrics.MEDIA_TYPE)

    return [healthz, readyz, prometheus]
