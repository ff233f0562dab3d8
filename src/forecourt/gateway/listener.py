"""The port of the piles: from an opening handshake to a connection that runs, or to a refusal."""

import asyncio
import ssl
from collections.abc import Awaitable, Callable

import structlog
from aiohttp import hdrs, web

from forecourt.config import Config
from forecourt.domain.pile import Pile
from forecourt.gateway import deflate
from forecourt.gateway.admission import Admission
from forecourt.gateway.client_address import client_address, networks, rate_key
from forecourt.gateway.connection import Connection
from forecourt.gateway.credentials import BusyError
from forecourt.gateway.handshake import Offer, has_token, identity, negotiate
from forecourt.gateway.hub import Hub
from forecourt.gateway.socket import PROTOCOL_ERROR, Socket
from forecourt.gateway.upgrade import Upgrade
from forecourt.ocpp.version import Version
from forecourt.store.errors import StoreError
from forecourt.store.records import PileRecord

log = structlog.get_logger(__name__)

# Handshakes that are being looked at; more are told to come back.
MAX_HANDSHAKES = 1_000
RETRY_AFTER_S = 10
# A refusal leaves so long after the request came, whatever its reason: its timing tells neither which ids exist, nor how
# a pile's password is stored.
REFUSED_AFTER_S = 0.3
# How long a stop waits for handshakes that are under way.
_CLOSE_S = 2.0
# A client that has sent no request, or half of one, after so long is cut off.
_REQUEST_S = 30.0

Welcome = Callable[[Connection], Awaitable[None]]


class RefusedError(Exception):
    """A handshake that ends with an HTTP status."""

    def __init__(self, status: int, text: str, headers: dict[str, str] | None = None, kind: str = "") -> None:
        super().__init__(text)
        self.response = web.Response(status=status, text=text + "\n", headers=headers)
        self.kind = kind or str(status)


class Listener:
    """An HTTP server that only upgrades. ``welcome`` makes a new connection known before its first frame is read."""

    def __init__(self, hub: Hub, welcome: Welcome, farewell: Welcome) -> None:
        self._hub = hub
        self._config: Config = hub.sv.config
        self._welcome = welcome
        self._farewell = farewell
        self._admission = Admission(hub.sv)
        self._trusted = networks(self._config.trusted_proxies)
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
        self._admission.close()
        if self._runner is not None:
            await self._runner.cleanup()

    # --- a handshake

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        began = self._hub.sv.clock.monotonic()
        self._in_progress += 1
        try:
            pile, offer = await self._admitted(request)
            record = await self._owned(request, pile, offer)
        except RefusedError as refusal:
            await self._until(began + REFUSED_AFTER_S)
            self._hub.stats.handshakes[refusal.kind] += 1
            return refusal.response
        except (StoreError, BusyError) as error:
            log.warning("handshake_not_answered", error=str(error) or type(error).__name__)
            self._hub.stats.handshakes["503"] += 1
            return _busy().response
        finally:
            self._in_progress -= 1
        return await self._upgraded(request, pile, offer, record)

    async def _until(self, instant: float) -> None:
        await asyncio.sleep(max(0.0, instant - self._hub.sv.clock.monotonic()))

    async def _admitted(self, request: web.Request) -> tuple[Pile, Offer]:
        """Return the pile and its version, or raise RefusedError."""
        if self.closing or self._hub.gate.overloaded or self._in_progress > MAX_HANDSHAKES:
            raise _busy()
        pile_id = identity(request.raw_path)
        if pile_id is None:
            raise RefusedError(404, "The path ends with the pile's id: /ocpp/<id>")
        if not has_token(request.headers.getall(hdrs.UPGRADE, ()), "websocket"):
            raise RefusedError(426, "This port speaks OCPP over WebSocket", {"Upgrade": "websocket"})
        pile = await self._authenticated(request, pile_id)
        self._check_upgrade(request, pile)
        return pile, negotiate(request.headers.getall(hdrs.SEC_WEBSOCKET_PROTOCOL, ()), pile.ocpp_version)

    async def _authenticated(self, request: web.Request, pile_id: str) -> Pile:
        limit, now = self._admission.limit, self._hub.sv.clock.monotonic()
        address = self._address(request)
        key = rate_key(address)
        wait = limit.wait(key, pile_id, now)
        if wait > 0:
            raise RefusedError(429, "Too many failed handshakes", {"Retry-After": str(int(wait) + 1)})
        pile = await self._admission.admit(pile_id, request.headers.get(hdrs.AUTHORIZATION))
        if pile is None:
            limit.failed(key, pile_id, now)
            log.info("handshake_refused", pile=pile_id[:60], address=address)
            raise RefusedError(
                401, "Unauthorized", {"WWW-Authenticate": 'Basic realm="OCPP", charset="UTF-8"'}
            )
        limit.succeeded(key, pile_id)
        return pile

    def _address(self, request: web.Request) -> str:
        peer = request.transport.get_extra_info("peername") if request.transport else None
        forwarded = request.headers.getall("X-Forwarded-For", ())
        return client_address(peer[0] if peer else "", forwarded, self._trusted)

    def _check_upgrade(self, request: web.Request, pile: Pile) -> None:
        """Refuse what aiohttp would refuse, before the pile's generation is raised; say the likely reason (quirk H02)."""
        if not has_token(request.headers.getall(hdrs.CONNECTION, ()), "upgrade"):
            text = 'The handshake has no "Connection: Upgrade" header (RFC 6455 §4.1); a proxy may have dropped it'
            self._hub.note(pile.id, "handshake", text)
            raise RefusedError(400, text)
        offered = negotiate(request.headers.getall(hdrs.SEC_WEBSOCKET_PROTOCOL, ()), "").offered
        if not web.WebSocketResponse(protocols=offered).can_prepare(request):
            text = "The handshake's Sec-WebSocket-Key or Sec-WebSocket-Version is not valid (RFC 6455 §4.1)"
            self._hub.note(pile.id, "handshake", text)
            raise RefusedError(400, text)

    async def _owned(self, request: web.Request, pile: Pile, offer: Offer) -> PileRecord | None:
        """Raise the pile's generation and load its state; nothing of the kind where no version is common."""
        if offer.version is None:
            return None
        sv, address = self._hub.sv, self._address(request)
        record = await sv.store.connect_pile(
            pile.id, self._hub.gateway_id, offer.version.value, address, sv.clock.now()
        )
        if record is None:
            raise RefusedError(401, "Unauthorized")
        # DESIGN §3: from here on the old connection can write nothing; it ends now, without being waited for.
        old = self._hub.registry.get(pile.id)
        if old is not None and old.generation < record.generation:
            old.replaced()
        return record

    # --- a connection

    async def _upgraded(
        self, request: web.Request, pile: Pile, offer: Offer, record: PileRecord | None
    ) -> web.StreamResponse:
        response = Upgrade(
            protocols=(offer.name,) if offer.name else (),
            compress=pile.compression,
            max_msg_size=self._config.max_frame_bytes + 1,  # aiohttp refuses what is not below its limit
        )
        try:
            await response.prepare(request)
        except ConnectionError:
            await self._vanished(pile, record)
            raise
        transport = request.transport
        if transport is None:
            await self._vanished(pile, record)
            return response
        window = int(response.compress)
        socket = Socket(response.inbox, transport, deflate.deflater(window) if window else None)
        if record is None or offer.version is None:
            self._no_common_version(socket, pile, offer)
        else:
            await self._run(socket, record, offer, offer.version)
        return response

    async def _vanished(self, pile: Pile, record: PileRecord | None) -> None:
        if record is not None:
            sv = self._hub.sv
            await sv.store.disconnect_pile(pile.id, record.generation, sv.clock.now())

    def _no_common_version(self, socket: Socket, pile: Pile, offer: Offer) -> None:
        """2.0.1 Part 4 §3.2: a 101 "without a Sec-WebSocket-Protocol header and then immediately close"."""
        offered = ", ".join(offer.offered)
        log.warning("no_common_version", pile=pile.id, offered=offered)
        self._hub.note(pile.id, "version", f"The pile offered {offered}; none of these is spoken here")
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
        await self._welcome(connection)
        try:
            code = await socket.run(connection.received, connection.heard)
            connection.ended(str(code))
        except Exception:
            log.exception("connection_failed", pile=connection.pile_id)
            connection.drop("unexpected error")
        finally:
            await self._farewell(connection)


def _busy() -> RefusedError:
    return RefusedError(503, "Busy: come back later", {"Retry-After": str(RETRY_AFTER_S)})


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
