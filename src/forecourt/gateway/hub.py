"""What all connections of a gateway share."""

import asyncio
import secrets
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any

import structlog

from forecourt.domain.outcome import Changed
from forecourt.domain.pile import EvseStatus, Registration
from forecourt.domain.records import PileNote
from forecourt.gateway.ocpp_log import OcppLog
from forecourt.gateway.registry import Registry
from forecourt.gateway.shedding import Gate
from forecourt.gateway.stats import Stats
from forecourt.ocpp.endpoint_limits import Limits
from forecourt.services import live
from forecourt.services.context import Services
from forecourt.store.errors import StoreError

if TYPE_CHECKING:
    from forecourt.gateway.connection import Connection

log = structlog.get_logger(__name__)

# How long after its boot a pile may take to report its statuses by itself, and how often it is asked at most.
STATUS_AFTER_S = 60.0
STATUS_EVERY_S = 900.0
NOTE_EVERY_S = 60.0
MAX_NOTED = 10_000


class Hub:
    """Services, counters, the registry, and the connections that something is due for."""

    def __init__(self, sv: Services, gateway_id: str) -> None:
        self.sv = sv
        self.gateway_id = gateway_id
        self.log = OcppLog(sv.clock, sv.store.log)
        self.stats = Stats(lambda: self.log.dropped + sv.store.log_dropped)
        self._tasks: set[asyncio.Task[None]] = set()
        self.registry = Registry()
        self.gate = Gate(lambda: sv.store.commit.pending)
        self.limits = Limits(call_timeout=sv.config.call_timeout)
        # Connections whose pile owes us an answer.
        self.awaiting: set[Connection] = set()
        # Connections whose statuses are looked at, and when; and when a pile was asked last.
        self.status_due: dict[Connection, float] = {}
        self._status_asked: dict[str, float] = {}
        # Message ids of ours must be new to the pile (2.0.1 Part 4 §4.1.4), even if the database is restored.
        self._nonce = secrets.token_hex(3)
        self._noted: dict[tuple[str, str], float] = {}

    def id_prefix(self, generation: int) -> str:
        """Return what begins the message ids of one connection."""
        return f"{self._nonce}-{generation:x}-"

    def arrived(self, connection: "Connection") -> None:
        """Count a new connection, and tell the pages."""
        self.stats.connections = len(self.registry)
        self.stats.connected_total += 1
        self.stats.handshakes["connected"] += 1
        self.tell(connection)

    def gone(self, connection: "Connection") -> None:
        """Forget a connection that has ended."""
        self.awaiting.discard(connection)
        self.status_due.pop(connection, None)
        if self.registry.remove(connection):
            self.stats.connections = len(self.registry)
            self.spawn(self._disconnected(connection))

    async def _disconnected(self, connection: "Connection") -> None:
        now = self.sv.clock.now()
        await self.sv.store.disconnect_pile(connection.pile_id, connection.generation, now)
        self.tell(connection)

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Do something beside the mailboxes, of which nothing depends that a pile is told."""
        task = asyncio.ensure_future(_logged(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def settled(self) -> None:
        """Wait for what was spawned."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    def note(self, pile_id: str, kind: str, text: str) -> None:
        """Put a note on a pile's page; the same kind again within a minute is not written."""
        now = self.sv.clock.monotonic()
        if now < self._noted.get((pile_id, kind), now):
            return
        if len(self._noted) >= MAX_NOTED:
            self._noted.clear()
        self._noted[pile_id, kind] = now + NOTE_EVERY_S
        row = PileNote(pile_id=pile_id, kind=kind, at=self.sv.clock.now(), text=text)
        self.spawn(self.sv.store.write(row))

    def tell(self, connection: "Connection") -> None:
        """Tell the pages that a pile has come or gone."""
        pile = connection.mailbox.state.pile
        changed = Changed(topic="pile", at=self.sv.clock.now(), station_id=pile.station_id, pile_id=pile.id)
        live.publish(self.sv, (changed,))

    def booted(self, connection: "Connection") -> None:
        """Look, in a while, whether an accepted pile has reported the statuses of its connectors (B01.FR.05)."""
        if connection.mailbox.state.pile.registration is Registration.ACCEPTED:
            self.status_due[connection] = self.sv.clock.monotonic() + STATUS_AFTER_S

    def check_statuses(self, now: float) -> None:
        """Ask piles that have not reported, each at most once in a quarter of an hour (field problem 12)."""
        for connection in [one for one, due in self.status_due.items() if due <= now]:
            del self.status_due[connection]
            asked = self._status_asked.get(connection.pile_id)
            if _silent(connection) and (asked is None or now - asked >= STATUS_EVERY_S):
                self._status_asked[connection.pile_id] = now
                connection.caller.ask_for_status()


def _silent(connection: "Connection") -> bool:
    evses = [evse for number, evse in connection.mailbox.state.evses.items() if number]
    return not evses or any(evse.status is EvseStatus.UNKNOWN for evse in evses)


async def _logged(work: Coroutine[Any, Any, None]) -> None:
    try:
        await work
    except StoreError as error:
        log.warning("not_written", error=str(error))
    except Exception:
        log.exception("task_failed")
