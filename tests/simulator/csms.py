"""A central system of a few lines, on a real socket: accepts everything unless told otherwise, keeps what it hears."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from itertools import count
from typing import Any

from aiohttp import WSMsgType, web
from tests.support.ocpp_schemas import accepts

Payload = dict[str, Any]
Answer = Callable[[str, Payload], Payload | list[Any] | None]
"""(action, payload) → the CALLRESULT's payload, a [code, description] for a CALLERROR, None for silence."""


def now() -> str:
    return datetime.now(UTC).isoformat().replace("+00:00", "Z")


class Csms:
    """`heard`: every CALL of the piles, in order; `invalid`: what the official schemas refuse of all that they said.

    `answer` may be replaced by a test.
    """

    def __init__(self) -> None:
        self.heard: list[tuple[str, str, Payload]] = []
        self.invalid: list[list[Any]] = []
        self.sockets: dict[str, web.WebSocketResponse] = {}
        self.connections = 0
        self.authorizations: list[str] = []
        self.refuse_with: int | None = None
        self.answer: Answer = self.accept
        self.url = ""
        self._numbers = count(1)
        self._transactions = count(1)
        self._asked: dict[str, tuple[str, asyncio.Future[list[Any]]]] = {}
        self._changed = asyncio.Condition()

    def accept(self, action: str, payload: Payload) -> Payload:
        accepted = {"status": "Accepted"}
        answers: dict[str, Payload] = {
            "BootNotification": {"status": "Accepted", "currentTime": now(), "interval": 300},
            "Heartbeat": {"currentTime": now()},
            "Authorize": {"idTagInfo" if "idTag" in payload else "idTokenInfo": accepted},
        }
        if action == "StartTransaction":
            return {"transactionId": next(self._transactions), "idTagInfo": accepted}
        return answers.get(action, {})

    # --- what tests ask

    def actions(self) -> list[str]:
        return [action for _, action, _ in self.heard]

    def of(self, *actions: str) -> list[Payload]:
        return [payload for _, action, payload in self.heard if action in actions]

    def statuses(self) -> list[str]:
        told = self.of("StatusNotification")
        return [payload.get("status") or payload["connectorStatus"] for payload in told]

    def events(self, *triggers: str) -> list[Payload]:
        """2.0.1 TransactionEvents, all or those with one of these trigger reasons."""
        return [p for p in self.of("TransactionEvent") if not triggers or p["triggerReason"] in triggers]

    def ended(self) -> list[Payload]:
        return [payload for payload in self.events() if payload["eventType"] == "Ended"]

    async def until(self, is_so: Callable[[], object], seconds: float = 15) -> None:
        async with asyncio.timeout(seconds), self._changed:
            await self._changed.wait_for(is_so)

    async def call(self, pile: str, action: str, payload: Payload) -> list[Any]:
        """The whole frame of the answer."""
        message_id = f"csms-{next(self._numbers)}"
        answer: asyncio.Future[list[Any]] = asyncio.get_running_loop().create_future()
        self._asked[message_id] = (action, answer)
        await self.sockets[pile].send_json([2, message_id, action, payload])
        return await asyncio.wait_for(answer, 10)

    async def cut(self, pile: str) -> None:
        """Drop the line without a close handshake."""
        socket = self.sockets.pop(pile)
        transport = socket._req.transport if socket._req else None
        assert transport is not None
        transport.abort()

    # --- the socket

    async def serve(self, request: web.Request) -> web.StreamResponse:
        if self.refuse_with is not None:
            return web.Response(status=self.refuse_with, headers={"Retry-After": "1"})
        socket = web.WebSocketResponse(protocols=("ocpp1.6", "ocpp2.0.1"))
        await socket.prepare(request)
        pile = request.match_info["pile"]
        self.sockets[pile] = socket
        self.connections += 1
        self.authorizations.append(request.headers.get("Authorization", ""))
        async for message in socket:
            if message.type is WSMsgType.TEXT:
                await self._take(pile, socket, json.loads(message.data))
        await self._notify()
        return socket

    async def _take(self, pile: str, socket: web.WebSocketResponse, frame: list[Any]) -> None:
        if frame[0] != 2:
            action, asked = self._asked.pop(frame[1])
            self._check(socket, frame, f"{action}Response")
            asked.set_result(frame)
            return
        _, message_id, action, payload = frame
        self._check(socket, frame, f"{action}Request")
        self.heard.append((pile, action, payload))
        answer = self.answer(action, payload)
        if isinstance(answer, list):
            await socket.send_json([4, message_id, *answer, {}])
        elif answer is not None:
            await socket.send_json([3, message_id, answer])
        await self._notify()

    def _check(self, socket: web.WebSocketResponse, frame: list[Any], name: str) -> None:
        package = "v16" if socket.ws_protocol == "ocpp1.6" else "v201"
        if frame[0] in (2, 3) and not accepts(package, name, json.dumps(frame[-1]).encode()):
            self.invalid.append(frame)

    async def _notify(self) -> None:
        async with self._changed:
            self._changed.notify_all()


@asynccontextmanager
async def running(csms: Csms, port: int = 0) -> AsyncIterator[Csms]:
    app = web.Application()
    app.router.add_get("/ocpp/{pile}", csms.serve)
    runner = web.AppRunner(app, shutdown_timeout=1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", port)
    await site.start()
    host, bound = runner.addresses[0][:2]
    csms.url = f"ws://{host}:{bound}/ocpp"
    try:
        yield csms
    finally:
        await runner.cleanup()
