"""Notifications that are kept as they came and shown on the pile's page; the answer says nothing."""

from datetime import datetime
from typing import Any

from forecourt.domain.outcome import Outcome, PileState
from forecourt.domain.records import DeviceEvent
from forecourt.gateway.handlers.inbound import Handle, Inbound, content_key
from forecourt.services import device_model
from forecourt.services.context import Services


def keep(action: str) -> Handle:
    """Return the handler that keeps the messages of an action."""

    def handle(
        sv: Services, state: PileState, request: Any, message: Inbound, now: datetime
    ) -> Outcome[None]:
        event = DeviceEvent(
            pile_id=state.pile.id,
            key=content_key(message.payload),
            at=getattr(request, "timestamp", None),
            received_at=now,
            kind=action,
            payload=message.payload.decode("utf-8", "replace"),
        )
        return device_model.events(sv, state, (event,), now)

    return handle
