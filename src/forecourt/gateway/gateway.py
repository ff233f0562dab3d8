"""The gateway: everything that a server needs to speak with its piles."""

import asyncio
import contextlib
import socket

import structlog

from forecourt.gateway.connection import Connection
from forecourt.gateway.dispatch import SWEEP_S, Dispatch
from forecourt.gateway.hub import Hub
from forecourt.gateway.keeper import Keeper
from forecourt.gateway.listener import Listener
from forecourt.gateway.socket import SERVICE_RESTART
from forecourt.gateway.stats import Stats
from forecourt.services.context import Services

log = structlog.get_logger(__name__)

# How long a graceful stop waits for commits that are under way.
STOP_S = 25.0


class Gateway:
    """Start it once, stop it once."""

    def __init__(self, sv: Services) -> None:
        self._sv = sv
        self._hub = Hub(sv, _gateway_id(sv))
        self._keeper = Keeper(self._hub)
        self._dispatch = Dispatch(self._hub)
        self._listener = Listener(self._hub, self._welcome, self._dispatch.disconnected)
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def stats(self) -> Stats:
        """The counters: a collector for a Prometheus registry."""
        return self._hub.stats

    @property
    def connected(self) -> int:
        """How many piles are connected."""
        return len(self._hub.registry)

    @property
    def listening(self) -> bool:
        """Whether piles can connect."""
        return self._listener.port != 0 and not self._listener.closing

    @property
    def url(self) -> str:
        """Where piles connect; the pile's id follows after a slash."""
        config = self._sv.config
        scheme = "wss" if config.tls_cert else "ws"
        host = f"[{config.ocpp_host}]" if ":" in config.ocpp_host else config.ocpp_host
        return f"{scheme}://{host}:{self._listener.port}/ocpp"

    async def start(self) -> None:
        """Forget what a former run left open, and listen. Raises OSError when the port can't be had."""
        await self._sv.store.mark_gateway_down(self._hub.gateway_id, self._sv.clock.now())
        await self._dispatch.start()
        await self._listener.start()
        self._tasks = [
            asyncio.create_task(self._keeper.run(), name="gateway keeper"),
            asyncio.create_task(self._sweep(), name="gateway sweep"),
        ]

    async def stop(self) -> None:
        """No new handshakes, no new calls; commits are finished and answered; then every pile is told to come back."""
        await self._listener.stop_accepting()
        for connection in self._hub.registry:
            connection.socket.hold()
            connection.caller.shut()
        await self._committed()
        for connection in self._hub.registry:
            connection.socket.close(SERVICE_RESTART, "restarting")
            connection.ended("stop")
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._listener.stop()
        self._hub.log.flush()
        await self._hub.settled()
        await self._dispatch.stop()

    async def _committed(self) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(STOP_S):
                while any(not one.mailbox.idle for one in self._hub.registry):  # noqa: ASYNC110
                    await asyncio.sleep(0.01)

    async def _welcome(self, connection: Connection) -> None:
        await self._dispatch.connected(connection)
        self._keeper.connected(connection)

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(SWEEP_S)
            await self._dispatch.sweep()


def _gateway_id(sv: Services) -> str:
    """Return the name under which this gateway owns piles: the same after a restart, another for each process."""
    return sv.config.gateway_id or (socket.gethostname() if sv.config.nats_url else "local")
