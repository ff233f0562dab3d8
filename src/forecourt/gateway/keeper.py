"""The gateway's one timer: pings, time-outs of our calls, and what is written or asked now and then.

One pass over all connections every few seconds costs less than a timer for each, and nothing per message.
"""

import asyncio

import structlog

from forecourt.gateway.commands.item import Step
from forecourt.gateway.connection import Connection
from forecourt.gateway.hub import Hub
from forecourt.services import transactions

log = structlog.get_logger(__name__)

TICK_S = 0.25
# After so long without a word a pile that has connected is not about to boot.
QUIET_S = 5.0
WRITE_REPAIRS_S = 10.0
EXPIRE_S = 60.0


class Keeper:
    """Runs as long as the gateway does."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._config = hub.sv.config
        self._monotonic = hub.sv.clock.monotonic
        self._unopened: list[tuple[float, Connection]] = []
        self._next_pass = self._next_repairs = self._next_expiry = 0.0

    def connected(self, connection: Connection) -> None:
        """Let our calls begin when a new connection stays quiet."""
        self._unopened.append((self._monotonic() + QUIET_S, connection))

    async def run(self) -> None:
        """Tick until cancelled."""
        while True:
            await asyncio.sleep(TICK_S)
            try:
                self.tick()
            except Exception:
                log.exception("keeper_failed")

    def tick(self) -> None:
        """Do what is due."""
        now = self._monotonic()
        self._time_out_calls(now)
        while self._unopened and self._unopened[0][0] <= now:
            self._unopened.pop(0)[1].caller.opened()
        if now >= self._next_pass:
            self._next_pass = now + min(self._config.ping_interval, self._config.ping_timeout) / 4
            self._ping(now)
            self._hub.check_statuses(now)
        if now >= self._next_repairs:
            self._next_repairs = now + WRITE_REPAIRS_S
            self._hub.spawn(self._write_repairs())
        if now >= self._next_expiry:
            self._next_expiry = now + EXPIRE_S
            self._expire_sessions()

    def _time_out_calls(self, now: float) -> None:
        for connection in tuple(self._hub.awaiting):
            event = connection.endpoint.expire(now)
            if event is not None:
                connection.flush()
                connection.caller.timed_out(event)
            if connection.endpoint.next_timeout() is None:
                self._hub.awaiting.discard(connection)

    def _ping(self, now: float) -> None:
        interval, timeout = self._config.ping_interval, self._config.ping_timeout
        for connection in self._hub.registry:
            if connection.pinged_at > connection.seen_at:
                if now - connection.pinged_at >= timeout:
                    self._hub.stats.disconnects["no pong"] += 1
                    connection.socket.abort()
            elif now - connection.seen_at >= interval > 0:
                connection.pinged_at = now
                connection.socket.ping()

    async def _write_repairs(self) -> None:
        for connection in [one for one in self._hub.registry if one.repairs.changed]:
            if not connection.repairs.known:
                await self._learn(connection)
            self._hub.sv.store.log(connection.repairs.take(connection.pile_id))

    async def _learn(self, connection: Connection) -> None:
        detail = await self._hub.sv.store.pile_detail(connection.pile_id)
        if not connection.repairs.known:
            connection.repairs.learn(detail.repairs if detail else ())

    def _expire_sessions(self) -> None:
        sv = self._hub.sv
        for connection in self._hub.registry:
            if connection.mailbox.state.sessions:
                connection.mailbox.post(Step(lambda state, now: transactions.expire(sv, state, now)))
