"""A virtual pile: a real OCPP client on a real socket, that connects, boots, reconnects, and lives its EVSEs' lives."""

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import suppress
from functools import partial
from itertools import count
from random import Random
from types import MappingProxyType
from typing import Any
from urllib.parse import quote
from uuid import NAMESPACE_OID, uuid5

import msgspec
from aiohttp import (
    ClientError,
    ClientSession,
    ClientWebSocketResponse,
    ClientWSTimeout,
    WSServerHandshakeError,
    encode_basic_auth,
)

from forecourt.clock import ScaledClock
from forecourt.ocpp.errors import ErrorCode
from forecourt.ocpp.primitives import Payload
from forecourt.ocpp.version import Version
from forecourt.simulator import calls16, calls201, words16, words201
from forecourt.simulator.device import Device, Evse
from forecourt.simulator.life import Life, Traffic
from forecourt.simulator.line import Line, Refused
from forecourt.simulator.message import Booted, Words
from forecourt.simulator.network import DemoPile, DemoToken
from forecourt.simulator.operations import Operations
from forecourt.simulator.settings import HEARTBEAT, PASSWORD

Answer = Callable[[Operations, str, Payload], Payload | ErrorCode]
VERSIONS: Mapping[str, tuple[Version, Words, Answer]] = MappingProxyType(
    {
        "1.6": (Version.V16, words16, calls16.answer),
        "2.0.1": (Version.V201, words201, calls201.answer),
    }
)

# Real seconds, all of them: sockets know nothing of the clock's speed.
BACK_OFF_S = (1.0, 30.0)
REBOOT_S = 1.0
FLUSH_S = 3.0
BOOT_RETRY_S = 30
PING_S = 60.0
CONNECT_TIMEOUT_S = 20.0
CLOSE_S = 2.0
LOST_AND_FOUND_S = 1.0


class Site(msgspec.Struct, frozen=True, kw_only=True):
    """What the piles of one run share. `url`: without the pile's id; `run`: never used before, at most 16 letters."""

    url: str
    run: str
    clock: ScaledClock
    session: ClientSession
    tally: Counter[str]


class VirtualPile:
    """`rng` decides everything that is random about it."""

    def __init__(
        self,
        spec: DemoPile,
        drivers: tuple[DemoToken, ...],
        password: str,
        site: Site,
        traffic: Traffic,
        rng: Random,
    ) -> None:
        version, words, answer = VERSIONS[spec.version]
        meters = tuple(rng.uniform(2e6, 9e7) for _ in range(spec.connectors))
        self.device = Device(spec, drivers, meters)
        self.line = Line(version, site.clock, self.device.settings, site.tally)
        self.operations = Operations(self.device, self.line, words, site.clock)
        self.lives = tuple(
            Life(evse, self.operations, traffic, Random(rng.getrandbits(64)), _ids(site.run, spec.id, evse))  # noqa: S311
            for evse in self.device.evses
        )
        self._password = password
        self._site = site
        self._words = words
        self._rng = rng
        self._boot_reason: str | None = "PowerUp"
        self._connections = 0
        self._accepted = asyncio.Event()
        self._beat: asyncio.TimerHandle | None = None
        self._boot_timer: asyncio.TimerHandle | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._wire(answer)

    def _wire(self, answer: Answer) -> None:
        self.line.handle = partial(answer, self.operations)
        self.line.on_security_error = self._forgotten
        self.operations.boot = lambda reason: self._soon(self._boot(reason))
        self.operations.restart = lambda reason, at_once: self._soon(self._restart(reason, at_once))
        self.operations.reconnect = lambda: self._soon(self.line.hang_up())
        self.operations.beat = self._arm_heartbeat

    async def run(self, delay_s: float = 0.0) -> None:
        """Until cancelled: connect after `delay_s`, and let the cars come once the pile is accepted."""
        await asyncio.sleep(delay_s)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._stay_connected())
            await self._accepted.wait()
            for life in self.lives:
                tasks.create_task(life.run())

    # --- the connection

    async def _stay_connected(self) -> None:
        failures = 0
        while True:
            try:
                socket = await self._connect()
            except (ClientError, OSError, TimeoutError) as error:
                failures += 1
                self._site.tally[f"connect failed: {_reason(error)}"] += 1
                await asyncio.sleep(self._back_off_s(failures, error))
                continue
            failures = 0
            self._site.tally["connections"] += 1
            with suppress(ClientError, ConnectionError):
                await self._serve(socket)
            self._site.tally["disconnections"] += 1
            await asyncio.sleep(REBOOT_S if self._boot_reason else self._back_off_s(1))

    async def _connect(self) -> ClientWebSocketResponse:
        password = self.device.settings.value(PASSWORD) or self._password
        pile_id = self.device.spec.id
        address = f"{self._site.url.rstrip('/')}/{quote(pile_id, safe='')}"
        async with asyncio.timeout(CONNECT_TIMEOUT_S):
            return await self._site.session.ws_connect(
                address,
                protocols=(self.line.version.value,),
                headers={"Authorization": encode_basic_auth(pile_id, password)} if password else None,
                heartbeat=PING_S,
                timeout=ClientWSTimeout(ws_close=CLOSE_S),
            )

    def _back_off_s(self, failures: int, error: Exception | None = None) -> float:
        """Doubled with each failure, half of it random; a Retry-After is respected."""
        low, high = BACK_OFF_S
        wait = min(high, low * 2.0 ** min(failures, 10))
        return _retry_after_s(error) + wait * self._rng.uniform(0.5, 1.0)

    async def _serve(self, socket: ClientWebSocketResponse) -> None:
        self._connections += 1
        begin = self._boot(self._boot_reason) if self._boot_reason else self._go_on()
        self._soon(begin)
        try:
            await self.line.serve(socket, f"{self._site.run}-{self._connections}-")
        finally:
            for timer in (self._beat, self._boot_timer):
                if timer is not None:
                    timer.cancel()
            self._beat = self._boot_timer = None

    # --- boot

    async def _boot(self, reason: str) -> None:
        answer = await self.line.ask("BootNotification", self._words.boot(self.device, reason))
        if not self.line.up:
            return
        booted = Booted("", BOOT_RETRY_S) if isinstance(answer, Refused) else self._words.booted(answer)
        self._site.tally[f"boot {booted.status or 'unanswered'}"] += 1
        if booted.status == "Accepted":
            self._boot_reason = None
            self.device.settings.change(HEARTBEAT, str(booted.interval or HEARTBEAT.value))
            await self._go_on()
        else:
            self._boot_again(reason, booted.interval or BOOT_RETRY_S)

    def _boot_again(self, reason: str, seconds: float) -> None:
        """OCPP 1.6 §4.2, 2.0.1 B02, B03: after the interval of the answer."""
        self.line.ready = False
        loop = asyncio.get_running_loop()
        self._boot_timer = loop.call_later(seconds, lambda: self._soon(self._boot(reason)))

    async def _go_on(self) -> None:
        """The central system has accepted the pile, now or before the line was lost."""
        self.line.ready = True
        self._accepted.set()
        self.operations.tell_all(self.device.evses)
        self._arm_heartbeat()
        self.line.pump()

    def _forgotten(self) -> None:
        """2.0.1 B01.FR.10: a SecurityError means that the CSMS waits for a BootNotification."""
        if self._boot_reason is None:
            self._boot_reason = "Unknown"
            self.line.ready = False
            self._boot_again("Unknown", LOST_AND_FOUND_S)

    async def _restart(self, reason: str, at_once: bool) -> None:
        """Hang up, when what runs has been told or at once; `_stay_connected` boots again."""
        waited = 0.0
        while not at_once and self._is_busy() and waited < FLUSH_S:
            await asyncio.sleep(0.1)
            waited += 0.1
        self._boot_reason = reason
        await self.line.hang_up()

    def _is_busy(self) -> bool:
        return self.line.unsent > 0 or any(_is_ending(evse) for evse in self.device.evses)

    # --- heartbeats

    def _arm_heartbeat(self) -> None:
        if self._beat is not None:
            self._beat.cancel()
        interval = max(1, self.device.settings.seconds(HEARTBEAT))
        self._beat = asyncio.get_running_loop().call_later(interval, self._heartbeat)

    def _heartbeat(self) -> None:
        self.line.send("Heartbeat", self._words.heartbeat())
        self._arm_heartbeat()

    def _soon(self, coroutine: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _ids(run: str, pile_id: str, evse: Evse) -> Iterator[str]:
    return (str(uuid5(NAMESPACE_OID, f"{run} {pile_id} {evse.id} {number}")) for number in count())


def _is_ending(evse: Evse) -> bool:
    return evse.charge is not None and evse.charge.cause is not None


def _reason(error: Exception) -> str:
    return str(error.status) if isinstance(error, WSServerHandshakeError) else type(error).__name__


def _retry_after_s(error: Exception | None) -> float:
    headers = error.headers if isinstance(error, WSServerHandshakeError) else None
    value = headers.get("Retry-After", "") if headers else ""
    return float(value) if value.isdigit() else 0.0
