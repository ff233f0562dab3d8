"""Piles that we did not write: PyPI's `ocpp` on `websockets`, and npm's `ocpp-rpc` in strict mode, led alike.

Both hold every frame of the server against schemas of their own; what breaks one makes the test fail.
"""

import asyncio
import base64
import json
import os
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import quote

import websockets
from ocpp.charge_point import camel_to_snake_case, remove_nones, serialize_as_dict, snake_to_camel_case
from ocpp.routing import on
from ocpp.v16 import ChargePoint as ChargePoint16
from ocpp.v16 import call as call16
from ocpp.v16 import call_result as result16
from ocpp.v201 import ChargePoint as ChargePoint201
from ocpp.v201 import call as call201
from ocpp.v201 import call_result as result201
from tests.e2e.messages import Message
from websockets.typing import Subprotocol

ANSWER_WITHIN_S = 60.0
PILE_SCRIPT = Path(__file__).with_name("node") / "pile.js"


@dataclass(frozen=True)
class Login:
    """Where a pile connects, and as whom."""

    url: str
    pile_id: str
    password: str
    protocol: str

    def header(self) -> str:
        return "Basic " + base64.b64encode(f"{self.pile_id}:{self.password}".encode()).decode()

    def full_url(self) -> str:
        return f"{self.url}/{quote(self.pile_id, safe='')}"


class Pile(Protocol):
    """`received` holds the server's calls; those of an action that has an `answer` are accepted, others refused."""

    received: asyncio.Queue[Message]

    async def call(self, message: Message) -> dict[str, Any]:
        """The payload of the CALLRESULT; anything else raises."""

    async def answer(self, action: str, payload: dict[str, Any]) -> None:
        """How the server's calls of this action are answered."""


Connect = Callable[[Login], AbstractAsyncContextManager[Pile]]


class _Python:
    """What the piles of both versions share."""

    def __init__(self, calls: Any) -> None:
        self._calls = calls
        self.received: asyncio.Queue[Message] = asyncio.Queue()
        self.answers: dict[str, dict[str, Any]] = {}
        self.point: Any = None

    async def call(self, message: Message) -> dict[str, Any]:
        action, payload = message
        request = getattr(self._calls, action)(**camel_to_snake_case(payload))
        result = await self.point.call(request, suppress=False)
        camel: dict[str, Any] = snake_to_camel_case(remove_nones(serialize_as_dict(result)))
        return camel

    async def answer(self, action: str, payload: dict[str, Any]) -> None:
        self.answers[action] = payload

    def asked(self, action: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        self.received.put_nowait((action, snake_to_camel_case(dict(arguments))))
        answer: dict[str, Any] = camel_to_snake_case(self.answers[action])
        return answer


class _Point16(ChargePoint16):  # type: ignore[misc]
    pile: _Python

    @on("RemoteStartTransaction")  # type: ignore[untyped-decorator]
    def on_remote_start(self, **asked: Any) -> Any:
        return result16.RemoteStartTransaction(**self.pile.asked("RemoteStartTransaction", asked))

    @on("RemoteStopTransaction")  # type: ignore[untyped-decorator]
    def on_remote_stop(self, **asked: Any) -> Any:
        return result16.RemoteStopTransaction(**self.pile.asked("RemoteStopTransaction", asked))


class _Point201(ChargePoint201):  # type: ignore[misc]
    pile: _Python

    @on("RequestStartTransaction")  # type: ignore[untyped-decorator]
    def on_request_start(self, **asked: Any) -> Any:
        return result201.RequestStartTransaction(**self.pile.asked("RequestStartTransaction", asked))

    @on("RequestStopTransaction")  # type: ignore[untyped-decorator]
    def on_request_stop(self, **asked: Any) -> Any:
        return result201.RequestStopTransaction(**self.pile.asked("RequestStopTransaction", asked))


_POINTS: Mapping[str, tuple[Any, Any]] = {"ocpp1.6": (_Point16, call16), "ocpp2.0.1": (_Point201, call201)}


@asynccontextmanager
async def python_pile(login: Login) -> AsyncIterator[Pile]:
    """A pile on PyPI's `ocpp`."""
    point_type, calls = _POINTS[login.protocol]
    pile = _Python(calls)
    headers = {"Authorization": login.header()}
    protocols = [Subprotocol(login.protocol)]
    async with websockets.connect(
        login.full_url(), subprotocols=protocols, additional_headers=headers
    ) as socket:
        assert socket.subprotocol == login.protocol
        pile.point = point_type(login.pile_id, socket, response_timeout=ANSWER_WITHIN_S)
        pile.point.pile = pile
        reading = asyncio.create_task(pile.point.start())
        try:
            yield pile
        finally:
            reading.cancel()
            with suppress(asyncio.CancelledError, websockets.ConnectionClosed):
                await reading


class _Node:
    """The line to the script."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.received: asyncio.Queue[Message] = asyncio.Queue()
        self.replies: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.broken: list[str] = []

    async def call(self, message: Message) -> dict[str, Any]:
        action, payload = message
        reply = await self.order({"call": action, "payload": payload})
        assert not self.broken, self.broken
        assert "error" not in reply, reply
        result: dict[str, Any] = reply["result"]
        return result

    async def answer(self, action: str, payload: dict[str, Any]) -> None:
        await self.order({"answer": action, "payload": payload})

    async def order(self, order: dict[str, Any]) -> dict[str, Any]:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(order).encode() + b"\n")
        return await asyncio.wait_for(self.replies.get(), ANSWER_WITHIN_S)

    async def read(self) -> None:
        assert self._process.stdout is not None
        async for line in self._process.stdout:
            said = json.loads(line)
            if "called" in said:
                self.received.put_nowait((said["called"], said["payload"]))
            elif "strict" in said:
                self.broken.append(said["strict"])
            else:
                self.replies.put_nowait(said)
        self.replies.put_nowait({"error": "the script has ended"})


def node_pile(node: Path, modules: Path) -> Connect:
    """Piles on npm's `ocpp-rpc`: `node` is the program, `modules` the folder of what npm installed."""

    @asynccontextmanager
    async def connect(login: Login) -> AsyncIterator[Pile]:
        process = await asyncio.create_subprocess_exec(
            *(str(node), str(PILE_SCRIPT), login.url, login.pile_id, login.password, login.protocol),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env=os.environ | {"NODE_PATH": str(modules)},
        )
        pile = _Node(process)
        reading = asyncio.create_task(pile.read())
        try:
            connected = await asyncio.wait_for(pile.replies.get(), ANSWER_WITHIN_S)
            assert connected == {"connected": login.protocol}
            yield pile
        finally:
            assert process.stdin is not None
            process.stdin.close()
            await process.wait()
            await reading
        assert not pile.broken, pile.broken

    return connect
