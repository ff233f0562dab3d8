"""Console and API as one Litestar application, on a socket of this process."""

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import NamedTuple

import uvicorn
from litestar import Litestar, Response, Router
from litestar.static_files import create_static_files_router
from prometheus_client import CollectorRegistry

from forecourt.api.app import OnError, http_api, keep_ids_whole, owns
from forecourt.api.inputs import AnyRequest
from forecourt.api.metrics import StoreMetrics
from forecourt.api.probes import Probe
from forecourt.config import Config, ConfigError
from forecourt.console.app import console_router, not_found
from forecourt.console.live import LiveHub
from forecourt.console.render import STATIC
from forecourt.gateway.gateway import Gateway
from forecourt.services.context import Services


class Web(NamedTuple):
    """The application, and the hub of its live pages, which is closed first."""

    app: Litestar
    hub: LiveHub


def application(sv: Services, gateway: Gateway | None, local_token_digest: bytes) -> Web:
    """Return console and API as one application; without a gateway, for commands that run without a server."""
    hub = LiveHub(sv.bus)
    api = http_api(sv, local_token_digest, _registry(sv, gateway), _probes(gateway))
    app = Litestar(
        route_handlers=[console_router(sv, hub), _vendor_files(), *api.handlers],
        exception_handlers={Exception: _on_error(api.on_error, not_found(sv, hub))},
        openapi_config=None,
        logging_config=None,
    )
    keep_ids_whole(app)
    return Web(app, hub)


def _on_error(api: OnError, page: Callable[[AnyRequest, Exception], Response[bytes]]) -> OnError:
    """Return what answers to exceptions outside of any route: a problem under the API's paths, a page elsewhere."""

    def answer(request: AnyRequest, error: Exception) -> Response[bytes]:
        return (api if owns(request.url.path) else page)(request, error)

    return answer


def _vendor_files() -> Router:
    """The API's own pages load the viewer from here; the console's files have their version in their path."""
    return create_static_files_router("/static/vendor", [STATIC / "vendor"], include_in_schema=False)


def _registry(sv: Services, gateway: Gateway | None) -> CollectorRegistry:
    registry = CollectorRegistry(auto_describe=False)
    registry.register(StoreMetrics(sv.store))
    if gateway is not None:
        registry.register(gateway.stats)
    return registry


def _probes(gateway: Gateway | None) -> dict[str, Probe]:
    if gateway is None:
        return {}
    return {"gateway": lambda: "" if gateway.listening else "piles can't connect: the listener is down"}


class _Server(uvicorn.Server):
    """uvicorn in our loop: signals are ours."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the process's signal handlers alone."""
        yield


@asynccontextmanager
async def listening(config: Config, web: Web) -> AsyncIterator[str]:
    """Serve the application; yield its URL. Raises ConfigError when the address can't be bound."""
    listener = _bound(config.http_host, config.http_port)
    settings = uvicorn.Config(
        web.app,
        log_config=None,
        access_log=False,
        lifespan="on",
        timeout_graceful_shutdown=3,
        server_header=False,
        proxy_headers=bool(config.trusted_proxies),
        forwarded_allow_ips=list(config.trusted_proxies),
    )
    server = _Server(settings)
    task = asyncio.create_task(server.serve(sockets=[listener]), name="web")
    try:
        host, port = listener.getsockname()[:2]
        yield f"http://{'127.0.0.1' if host in ('0.0.0.0', '::') else host}:{port}"  # noqa: S104
    finally:
        # Live pages are streams that end with the hub; the server would wait for them.
        await web.hub.close()
        server.should_exit = True
        await task


def _bound(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        # Announced is what answers: from here on the system queues connections until the server takes them.
        listener.listen(2048)
    except OSError as error:
        listener.close()
        raise ConfigError(f"can't listen on {host}:{port}: {reason(error)}; choose another --port") from None
    return listener


def reason(error: OSError) -> str:
    """Return what went wrong in the system's words: what asyncio makes of it names the address a second time."""
    return os.strerror(error.errno) if error.errno and error.errno > 0 else str(error.strerror or error)
