"""Console and API as one Litestar application, on a socket of this process."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import uvicorn
from litestar import Litestar

from forecourt.config import Config, ConfigError


class _Server(uvicorn.Server):
    """uvicorn in our loop: signals are ours."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the process's signal handlers alone."""
        yield


@asynccontextmanager
async def listening(config: Config, app: Litestar) -> AsyncIterator[str]:
    """Serve an application; yield its URL. Raises ConfigError when the address can't be bound."""
    listener = _bound(config.http_host, config.http_port)
    settings = uvicorn.Config(
        app,
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
        server.should_exit = True
        await task


def _bound(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise ConfigError(f"can't listen on {host}:{port}: {error.strerror}; choose another --port") from None
    return listener
