"""What reaches a pile's mailbox from elsewhere: commands, over the bus and by the sweep, and changed master data."""

import msgspec
import structlog

from forecourt.bus import Subscription, pile_subject
from forecourt.domain.command import Command
from forecourt.domain.outcome import Outcome, PileState
from forecourt.gateway.commands.item import Step
from forecourt.gateway.connection import Connection
from forecourt.gateway.hub import Hub
from forecourt.gateway.mailbox import reloaded
from forecourt.services import live
from forecourt.store.errors import StoreError

log = structlog.get_logger(__name__)

SWEEP_S = 2.0
SWEEP_LIMIT = 1_000
_command = msgspec.json.Decoder(Command).decode


class Dispatch:
    """A lost bus message costs a command time, never the command (DESIGN §3)."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._subscriptions: dict[Connection, Subscription] = {}
        self._words: Subscription | None = None

    async def start(self) -> None:
        """Listen for changed master data."""
        self._words = await self._hub.sv.bus.subscribe(live.GATEWAYS, self._changed)

    async def stop(self) -> None:
        """Stop listening."""
        if self._words is not None:
            await self._words.end()

    async def connected(self, connection: Connection) -> None:
        """Listen for the pile's commands."""
        bus = self._hub.sv.bus
        subscription = await bus.subscribe(
            pile_subject(connection.pile_id), lambda subject, payload: _take(connection, payload)
        )
        self._subscriptions[connection] = subscription

    async def disconnected(self, connection: Connection) -> None:
        """Listen no more."""
        subscription = self._subscriptions.pop(connection, None)
        if subscription is not None:
            await subscription.end()

    async def sweep(self) -> None:
        """Offer the commands that are queued for piles of this gateway."""
        sv = self._hub.sv
        try:
            due = await sv.store.commands_due(sv.clock.now(), SWEEP_LIMIT, self._hub.gateway_id)
        except StoreError as error:
            log.warning("commands_not_read", error=str(error))
            return
        for command in due:
            connection = self._hub.registry.get(command.pile_id)
            if connection is not None:
                connection.caller.offer(command)

    def _changed(self, subject: str, payload: bytes) -> None:
        word = live.decode_master_data(payload)
        if word.kind == "token":
            self._hub.sv.tokens.forget(word.id)
            return
        for connection in self._hub.registry:
            if _concerns(word, connection.mailbox.state):
                self._reload(connection)

    def _reload(self, connection: Connection) -> None:
        sv = self._hub.sv

        async def load(state: PileState) -> Outcome[None]:
            return Outcome(await reloaded(sv, state), None)

        connection.mailbox.post(Step(lambda state, now: load(state)))


def _take(connection: Connection, payload: bytes) -> None:
    try:
        command = _command(payload)
    except msgspec.DecodeError:
        log.warning("unreadable_command", pile=connection.pile_id)
        return
    connection.caller.offer(command)


def _concerns(word: live.MasterData, state: PileState) -> bool:
    if word.kind == "pile":
        return state.pile.id == word.id
    if word.kind == "station":
        return state.pile.station_id == word.id
    return state.tariff is None or state.tariff.id == word.id
