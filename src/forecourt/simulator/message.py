"""What a virtual pile wants to tell, before it is a frame, and what each version's words must be able to say."""

from collections.abc import Callable
from datetime import datetime
from typing import Protocol

import msgspec

from forecourt.ocpp.primitives import Payload
from forecourt.simulator.device import Device, Evse, Identity, Moment, Reading


class TransactionMessage(msgspec.Struct, frozen=True):
    """A message that must arrive: kept while offline, sent in order, repeated until it is answered.

    `make` builds it when it is sent, `take` gets the answer.
    """

    action: str
    make: Callable[[], Payload]
    take: Callable[[Payload], None] = lambda _response: None


class Booted(msgspec.Struct, frozen=True):
    """The answer to a BootNotification. `interval` in seconds: of heartbeats, or until the next try."""

    status: str
    interval: int


class Words(Protocol):
    """One version's module of words (`words16`, `words201`)."""

    def boot(self, device: Device, reason: str) -> Payload: ...
    def booted(self, response: Payload) -> Booted: ...
    def heartbeat(self) -> Payload: ...
    def authorize(self, identity: Identity) -> Payload: ...
    def authorized(self, response: Payload) -> bool: ...
    def state(self, evse: Evse) -> str: ...
    def status(self, evse: Evse, now: datetime) -> Payload: ...
    def meter_values(self, evse: Evse, reading: Reading, now: datetime) -> Payload: ...
    def transaction_message(
        self, moment: Moment, evse: Evse, reading: Reading, now: datetime, offline: bool
    ) -> TransactionMessage | None: ...
