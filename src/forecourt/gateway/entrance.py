"""The entrance: what a handshake must bring to become a connection, and what it is told when it does not.

It knows aiohttp's request, and nothing else of it.
"""

import msgspec
import structlog
from aiohttp import hdrs, web

from forecourt.gateway.admission import Admission
from forecourt.gateway.client_address import client_address, networks, rate_key
from forecourt.gateway.handshake import Offer, has_token, identity, negotiate
from forecourt.gateway.hub import Hub
from forecourt.ocpp.version import Version
from forecourt.store.records import PileRecord

log = structlog.get_logger(__name__)

RETRY_AFTER_S = 10


class RefusedError(Exception):
    """A handshake that ends with an HTTP status."""

    def __init__(self, status: int, text: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(text)
        self.response = web.Response(status=status, text=text + "\n", headers=headers)


class Entry(msgspec.Struct, frozen=True):
    """Who comes in: ``record`` is None where no version is common."""

    pile_id: str
    offer: Offer
    record: PileRecord | None


class Entrance:
    """Decides on handshakes, and loads the state of those that come in."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._admission = Admission(hub.sv)
        self._trusted = networks(hub.sv.config.trusted_proxies)

    def close(self) -> None:
        """End the threads."""
        self._admission.close()

    async def admitted(self, request: web.Request) -> Entry:
        """Return who comes in. Raises RefusedError; StoreError or BusyError when that can't be found out now."""
        pile_id = identity(request.raw_path)
        if pile_id is None:
            raise RefusedError(404, "The path ends with the pile's id: /ocpp/<id>")
        if not has_token(request.headers.getall(hdrs.UPGRADE, ()), "websocket"):
            raise RefusedError(426, "This port speaks OCPP over WebSocket", {"Upgrade": "websocket"})
        await self._authenticate(request, pile_id)
        self._check_upgrade(request, pile_id)
        offer = await self._negotiated(request, pile_id)
        record = None if offer.version is None else await self._owned(request, pile_id, offer.version)
        return Entry(pile_id, offer, record)

    async def _authenticate(self, request: web.Request, pile_id: str) -> None:
        limit, now = self._admission.limit, self._hub.sv.clock.monotonic()
        address = self._address(request)
        key = rate_key(address)
        wait = limit.wait(key, pile_id, now)
        if wait > 0:
            raise RefusedError(429, "Too many failed handshakes", {"Retry-After": str(int(wait) + 1)})
        if not await self._admission.admits(pile_id, request.headers.get(hdrs.AUTHORIZATION), key):
            limit.failed(key, pile_id, now)
            log.info("handshake_refused", pile=pile_id[:60], address=address)
            raise _unauthorized()
        limit.succeeded(key, pile_id)

    def _address(self, request: web.Request) -> str:
        peer = request.transport.get_extra_info("peername") if request.transport else None
        forwarded = request.headers.getall("X-Forwarded-For", ())
        return client_address(peer[0] if peer else "", forwarded, self._trusted)

    def _check_upgrade(self, request: web.Request, pile_id: str) -> None:
        """Refuse what aiohttp would refuse, before the pile's generation is raised; say the likely reason (quirk H02)."""
        if not has_token(request.headers.getall(hdrs.CONNECTION, ()), "upgrade"):
            text = 'The handshake has no "Connection: Upgrade" header (RFC 6455 §4.1); a proxy may have dropped it'
            self._hub.note(pile_id, "handshake", text)
            raise RefusedError(400, text)
        offered = negotiate(request.headers.getall(hdrs.SEC_WEBSOCKET_PROTOCOL, ()), "").offered
        if not web.WebSocketResponse(protocols=offered).can_prepare(request):
            text = "The handshake's Sec-WebSocket-Key or Sec-WebSocket-Version is not valid (RFC 6455 §4.1)"
            self._hub.note(pile_id, "handshake", text)
            raise RefusedError(400, text)

    async def _negotiated(self, request: web.Request, pile_id: str) -> Offer:
        headers = request.headers.getall(hdrs.SEC_WEBSOCKET_PROTOCOL, ())
        offer = negotiate(headers, "")
        if offer.offered:
            return offer
        pile = await self._hub.sv.store.pile(pile_id)
        return negotiate(headers, pile.ocpp_version if pile else "")

    async def _owned(self, request: web.Request, pile_id: str, version: Version) -> PileRecord:
        """Raise the pile's generation and load its state."""
        sv, gateway_id = self._hub.sv, self._hub.gateway_id
        address, now = self._address(request), sv.clock.now()
        record = await sv.store.connect_pile(pile_id, gateway_id, version.value, address, now)
        if record is None:
            raise _unauthorized()
        # DESIGN §3: from here on the old connection can write nothing; it ends now, without being waited for.
        old = self._hub.registry.get(pile_id)
        if old is not None and old.generation < record.generation:
            old.replaced()
        return record


def _unauthorized() -> RefusedError:
    return RefusedError(401, "Unauthorized", {"WWW-Authenticate": 'Basic realm="OCPP", charset="UTF-8"'})


def busy() -> RefusedError:
    """Return what those are told that may come another time."""
    return RefusedError(503, "Busy: come back later", {"Retry-After": str(RETRY_AFTER_S)})
