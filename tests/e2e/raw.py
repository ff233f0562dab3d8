"""A pile that says whatever it is told to, well-formed or not, and one that only wants to know whether anybody is there."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import websockets
from tests.e2e.messages import Message
from tests.e2e.piles import ANSWER_WITHIN_S, Login
from websockets.asyncio.client import ClientConnection
from websockets.typing import Subprotocol

HEARTBEAT: Message = ("Heartbeat", {})


class RawPile:
    """Frames out and in."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self._sent = 0

    async def send(self, frame: str | bytes) -> None:
        await self.socket.send(frame)

    async def next_frame(self) -> list[Any]:
        frame: list[Any] = json.loads(await asyncio.wait_for(self.socket.recv(), ANSWER_WITHIN_S))
        return frame

    async def call(self, message: Message) -> dict[str, Any]:
        """The payload of the CALLRESULT; anything else fails."""
        self._sent += 1
        await self.send(json.dumps([2, f"c{self._sent}", *message]))
        kind, message_id, *rest = await self.next_frame()
        assert (kind, message_id) == (3, f"c{self._sent}"), rest
        payload: dict[str, Any] = rest[0]
        return payload


@asynccontextmanager
async def raw_pile(login: Login) -> AsyncIterator[RawPile]:
    async with websockets.connect(
        login.full_url(),
        subprotocols=[Subprotocol(login.protocol)],
        additional_headers={"Authorization": login.header()} if login.password else {},
    ) as socket:
        yield RawPile(socket)


@asynccontextmanager
async def answered_meanwhile(login: Login) -> AsyncIterator[None]:
    """Another pile, whose heartbeats are answered all the while."""
    async with raw_pile(login) as pile:

        async def beat() -> None:
            while True:
                await pile.call(HEARTBEAT)
                await asyncio.sleep(0.1)

        beating = asyncio.create_task(beat())
        try:
            yield
            assert not beating.done(), beating.exception()
            await pile.socket.ping()
        finally:
            beating.cancel()
            await asyncio.gather(beating, return_exceptions=True)
