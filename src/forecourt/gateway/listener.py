"""The port of the piles: from an opening handshake to a connection that runs, or to a refusal."""

import asyncio
import ssl
from collections.abc import Awaitable, Callable

import structlog
from aiohttp import hdrs, web

from forecourt.config import Config
from forecourt.gateway import deflate
from forecourt.gateway.connection import Connection
from forecourt.gateway.credentials import BusyError
from forecourt.gateway.entrance import Entrance, Entry, RefusedError, busy
from forecourt.gateway.handshake import Offer
from forecourt.gateway.hub import Hub
from forecourt.gateway.socket import PROTOCOL_ERROR, Socket
from forecourt.gateway.upgrade import Upgrade
from forecourt.ocpp.version import Version
from forecourt.store.errors import StoreError
from forecourt.store.records import PileRecord

log = structlog.get_logger(__name__)

# Handshakes that are being looked at; more are told to come back.
MAX_HANDSHAKES = 1_000
# A 401 leaves so long after the request came, whatever its reason: its timing tells neither which ids exist, nor how a
# pile's password is stored.
REFUSED_AFTER_S = 0.3
# How long a stop waits for handshakes that are under way.
_CLOSE_S = 2.0
# A client that has sent no request, or half of one, after so long is cut off.
_REQUEST_S = 30.0

Welcome = Callable[[Connection], Awaitable[None]]


class Listener:
    """An HTTP server that only upgrades. ``welcome`` makes a new connection known before its first frame is read."""

    def __init__(self, hub: Hub, welcome: Welcome, farewell: Welcome) -> None:
        self._hub = hub
        self._config: Config = hub.sv.config
        self._welcome = welcome
        self._farewell = farewell
        self._entrance = Entrance(hub)
        self._in_progress = 0
        self._runner: web.AppRunner | None = None
        self.closing = False
        self.port = 0

    # --- the server

    async def start(self) -> None:
        """Listen. Raises OSError when the port is taken, ssl.SSLError or OSError for a certificate that can't be used."""
        app = web.Application()
        app.router.add_get("/{path:.*}", self._handle)
        app.on_response_prepare.append(_finish_headers)
        self._runner = web.AppRunner(
            app, access_log=None, keepalive_timeout=_REQUEST_S, shutdown_timeout=_CLOSE_S
        )
        await self._runner.setup()
        host, port = self._config.ocpp_host, self._config.ocpp_port
        site = web.TCPSite(self._runner, host, port, ssl_context=_tls(self._config), backlog=4096)
        await site.start()
        self.port = self._runner.addresses[0][1]

    async def stop_accepting(self) -> None:
        """Take no new handshakes; open connections go on."""
        self.closing = True
        if self._runner is not None:
            for site in tuple(self._runner.sites):
                await site.stop()

    async def stop(self) -> None:
        """End the server."""
        self._entrance.close()
        if self._runner is not None:
            await self._runner.cleanup()

    # --- a handshake

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        began = self._hub.sv.clock.monotonic()
        entry = await self._entry(request)
        if isinstance(entry, Entry):
            return await self._upgraded(request, entry)
        self._hub.stats.handshakes[str(entry.status)] += 1
        if entry.status == 401:
            await asyncio.sleep(max(0.0, began + REFUSED_AFTER_S - self._hub.sv.clock.monotonic()))
        return entry

    async def _entry(self, request: web.Request) -> Entry | web.Response:
        if self.closing or self._hub.gate.overloaded or self._in_progress >= MAX_HANDSHAKES:
            return busy().response
        self._in_progress += 1
        try:
            return await self._entrance.admitted(request)
        except RefusedError as refusal:
            return refusal.response
        except (StoreError, BusyError) as error:
            log.warning("handshake_not_answered", error=str(error) or type(error).__name__)
            return busy().response
        finally:
            self._in_progress -= 1

    # --- a connection

    async def _upgraded(self, request: web.Request, entry: Entry) -> web.StreamResponse:
        offer, record = entry.offer, entry.record
        response = Upgrade(
            protocols=(offer.name,) if offer.name else (),
            compress=record is not None and record.state.pile.compression,
            max_msg_size=self._config.max_frame_bytes + 1,  # aiohttp refuses what is not below its limit
        )
        try:
            await response.prepare(request)
        except ConnectionError:
            await self._vanished(entry)
            raise
        transport = request.transport
        if transport is None:
            await self._vanished(entry)
            return response
        window = int(response.compress)
        socket = Socket(response.inbox, transport, deflate.deflater(window) if window else None)
        if record is None or offer.version is None:
            self._no_common_version(socket, entry)
        else:
            await self._run(socket, record, offer, offer.version)
        return response

    async def _vanished(self, entry: Entry) -> None:
        if entry.record is not None:
            sv = self._hub.sv
            await sv.store.disconnect_pile(entry.pile_id, entry.record.generation, sv.clock.now())

    def _no_common_version(self, socket: Socket, entry: Entry) -> None:
        """2.0.1 Part 4 §3.2: a 101 "without a Sec-WebSocket-Protocol header and then immediately close"."""
        offered = ", ".join(entry.offer.offered)
        log.warning("no_common_version", pile=entry.pile_id, offered=offered)
        self._hub.note(entry.pile_id, "version", f"The pile offered {offered}; none of these is spoken here")
        self._hub.stats.handshakes["no common version"] += 1
        socket.close(PROTOCOL_ERROR, "no common OCPP version")

    async def _run(self, socket: Socket, record: PileRecord, offer: Offer, version: Version) -> None:
        current = self._hub.registry.get(record.state.pile.id)
        if current is not None and current.generation > record.generation:
            socket.close(PROTOCOL_ERROR, "replaced by a newer connection")
            return
        connection = Connection(self._hub, socket, record.state, record.generation, version)
        self._hub.registry.put(connection)
        self._hub.arrived(connection)
        if offer.name is None:
            text = f"The handshake names no OCPP version (Sec-WebSocket-Protocol); served as {version.value}"
            self._hub.note(connection.pile_id, "version", text)
        try:
            await self._welcome(connection)
            code = await socket.run(connection.received, connection.heard)
            connection.ended(str(code))
        except Exception:
            log.exception("connection_failed", pile=connection.pile_id)
            connection.drop("unexpected error")
        finally:
            await self._farewell(connection)


async def _finish_headers(request: web.BaseRequest, response: web.StreamResponse) -> None:
    """Say nothing of the software's versions, and agree to compression without context takeover."""
    response.headers[hdrs.SERVER] = "forecourt"
    if isinstance(response, web.WebSocketResponse) and response.compress:
        response.headers[hdrs.SEC_WEBSOCKET_EXTENSIONS] = deflate.response_header(int(response.compress))


def _tls(config: Config) -> ssl.SSLContext | None:
    if config.tls_cert is None or config.tls_key is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2  # A00.FR.312: TLS 1.2 or above
    context.load_cert_chain(config.tls_cert, config.tls_key)
    return context
