"""The bus between processes: NATS."""

import asyncio
from collections import deque
from collections.abc import Callable

import nats
import structlog
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription as NatsSubscription
from nats.errors import NoRespondersError
from nats.errors import TimeoutError as NatsTimeoutError

from forecourt.bus import Answer, Deliver, NoResponderError

log = structlog.get_logger(__name__)

MAX_PENDING = 10_000


class NatsBus:
    """Reconnects for ever; what is published meanwhile is dropped beyond ``MAX_PENDING`` messages."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._callbacks: list[Callable[[], None]] = []
        self._pending: deque[tuple[str, bytes]] = deque(maxlen=MAX_PENDING)
        self._wake = asyncio.Event()
        self._pump = asyncio.create_task(self._publish_pending(), name="bus pump")

    @classmethod
    async def connect(cls, url: str) -> "NatsBus":
        """Connect to a NATS server. Raises OSError or nats.errors.Error when there is none at ``url``."""
        bus: list[NatsBus] = []

        async def reconnected() -> None:
            bus[0].reconnected()

        async def failed(error: Exception) -> None:
            log.warning("bus_error", error=str(error) or type(error).__name__)

        client = await nats.connect(
            url,
            reconnected_cb=reconnected,
            error_cb=failed,
            max_reconnect_attempts=-1,
            reconnect_time_wait=0.5,
            allow_reconnect=True,
        )
        bus.append(cls(client))
        return bus[0]

    def reconnected(self) -> None:
        """Tell those who must know that messages may have been lost."""
        for callback in self._callbacks:
            callback()

    def publish(self, subject: str, payload: bytes) -> None:
        """See ``Bus.publish``."""
        self._pending.append((subject, payload))
        self._wake.set()

    async def _publish_pending(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._pending:
                await self._publish(*self._pending.popleft())

    async def _publish(self, subject: str, payload: bytes) -> None:
        try:
            await self._client.publish(subject, payload)
        except Exception as error:
            log.warning("message_dropped", subject=subject, error=str(error) or type(error).__name__)

    async def subscribe(self, pattern: str, deliver: Deliver) -> "_Subscription":
        """See ``Bus.subscribe``."""

        async def received(message: Msg) -> None:
            try:
                deliver(message.subject, message.data)
            except Exception:
                log.exception("subscriber_failed", subject=message.subject)

        return _Subscription(await self._client.subscribe(pattern, cb=received))

    async def request(self, subject: str, payload: bytes, timeout: float) -> bytes:
        """See ``Bus.request``."""
        try:
            message = await self._client.request(subject, payload, timeout=timeout)
        except NoRespondersError:
            raise NoResponderError(subject) from None
        except NatsTimeoutError:
            raise TimeoutError(subject) from None
        return message.data

    async def respond(self, subject: str, answer: Answer) -> "_Subscription":
        """See ``Bus.respond``."""

        async def received(message: Msg) -> None:
            try:
                await message.respond(await answer(message.data))
            except Exception:
                log.exception("responder_failed", subject=subject)

        return _Subscription(await self._client.subscribe(subject, cb=received))

    def on_reconnect(self, callback: Callable[[], None]) -> None:
        """See ``Bus.on_reconnect``."""
        self._callbacks.append(callback)

    async def close(self) -> None:
        """See ``Bus.close``."""
        self._pump.cancel()
        await asyncio.gather(self._pump, return_exceptions=True)
        while self._pending:
            await self._publish(*self._pending.popleft())
        await self._client.close()


class _Subscription:
    def __init__(self, subscription: NatsSubscription) -> None:
        self._subscription = subscription

    async def end(self) -> None:
        await self._subscription.unsubscribe()
