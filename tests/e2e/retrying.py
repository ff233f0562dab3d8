"""Piles that charge on through crashes of the server, and send again what was not answered, as piles do."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import websockets
from tests.e2e.messages import Charge, Message, Words
from tests.e2e.network import TOKEN
from tests.e2e.piles import ANSWER_WITHIN_S, Login
from websockets.asyncio.client import ClientConnection
from websockets.typing import Subprotocol

CAME_BETWEEN = (websockets.WebSocketException, OSError, TimeoutError)


@dataclass
class Done:
    """A charge as it truly was: every reading of its meter, each of which the server has acknowledged."""

    charge: Charge
    readings: list[tuple[datetime, int]] = field(default_factory=list)

    @property
    def energy_wh(self) -> int:
        return self.readings[-1][1] - self.readings[0][1]


class RetryingPile:
    """`charge_until` charges, one car after the other. `interrupted` counts what was sent more than once, by step."""

    def __init__(self, login: Login, words: Words, seed: int) -> None:
        self.login = login
        self.words = words
        self.done: list[Done] = []
        self.interrupted: Counter[str] = Counter()
        self._random = Random(f"{login.pile_id} {seed}")
        self._register_wh = self._random.randrange(1_000_000)
        self._at = datetime.now(UTC)
        self._socket: ClientConnection | None = None
        self._sent = 0

    async def charge_until(self, stop: asyncio.Event) -> None:
        """Charge until told to stop, and end the last charge."""
        try:
            while not stop.is_set():
                await self._charge()
        finally:
            if self._socket is not None:
                await self._socket.close()

    async def _charge(self) -> None:
        words, charge = self.words, Charge(TOKEN)
        done = Done(charge)
        answer = await self._read(done, "start", 0)
        words.started(charge, answer)
        for _ in range(self._random.randint(1, 4)):
            await self._read(done, "meter", self._random.randint(1, 3_000))
        await self._read(done, "stop", self._random.randint(0, 2_000))
        self.done.append(done)
        if self._random.random() < 0.7:  # else the next start shows that this car has gone
            await self._deliver("status", words.status(self._now(), 1, False))

    async def _read(self, done: Done, step: str, wh: int) -> dict[str, Any]:
        """Charge a little, read the meter, and report it."""
        await asyncio.sleep(self._random.uniform(0, 0.06))
        self._register_wh += wh
        reading = (self._now(), self._register_wh)
        done.readings.append(reading)
        say = {"start": self.words.start, "stop": self.words.stop}
        message = (
            self.words.meter(done.charge, *reading, 50_000, 50)
            if step == "meter"
            else say[step](done.charge, *reading)
        )
        return await self._deliver(step, message)

    def _now(self) -> datetime:
        """No two readings of one millisecond: that is all that a time stamp tells."""
        now = datetime.now(UTC)
        now = now.replace(microsecond=now.microsecond // 1000 * 1000)
        self._at = max(
            now, self._at.replace(microsecond=self._at.microsecond // 1000 * 1000) + timedelta(milliseconds=1)
        )
        return self._at

    async def _deliver(self, step: str, message: Message) -> dict[str, Any]:
        """Send until it is answered: unchanged, or as a message from the time without connection."""
        if self._socket is None:
            message = self._offline(message)
        message_id = self._next_id()
        while True:
            try:
                return await self._ask(await self._connected(), message_id, message)
            except CAME_BETWEEN:
                self._socket = None
                self.interrupted[step] += 1
            if self._random.random() < 0.5:
                message_id, message = self._next_id(), self._offline(message)

    def _offline(self, message: Message) -> Message:
        action, payload = message
        return (action, payload | {"offline": True}) if action == "TransactionEvent" else message

    def _next_id(self) -> str:
        self._sent += 1
        return str(self._sent)  # equal ids at other piles, as in the field

    async def _ask(self, socket: ClientConnection, message_id: str, message: Message) -> dict[str, Any]:
        await socket.send(json.dumps([2, message_id, *message]))
        async with asyncio.timeout(ANSWER_WITHIN_S):
            while True:
                frame = json.loads(await socket.recv())
                if frame[0] == 2:
                    await socket.send(json.dumps([4, frame[1], "NotSupported", "", {}]))
                elif frame[1] == message_id:
                    assert frame[0] == 3, frame
                    payload: dict[str, Any] = frame[2]
                    return payload

    async def _connected(self) -> ClientConnection:
        """The connection; a new one, with a boot at first and now and then, where there is none."""
        while self._socket is None:
            try:
                socket = await websockets.connect(
                    self.login.full_url(),
                    subprotocols=[Subprotocol(self.login.protocol)],
                    additional_headers={"Authorization": self.login.header()},
                )
                if self._sent <= 1 or self._random.random() < 0.3:
                    booted = await self._ask(socket, self._next_id(), self.words.boot())
                    assert booted["status"] == "Accepted"
                self._socket = socket
            except CAME_BETWEEN:
                await asyncio.sleep(0.05)
        return self._socket


@asynccontextmanager
async def charging(piles: Sequence[RetryingPile]) -> AsyncIterator[None]:
    """All piles charge; at the end each finishes its last charge."""
    stop = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        for pile in piles:
            group.create_task(pile.charge_until(stop))
        yield
        stop.set()
