"""NotifyEvent (2.0.1 block N): one row for each event, kept as it came."""

from datetime import datetime

import msgspec

from forecourt.domain.outcome import PileState
from forecourt.domain.records import DeviceEvent
from forecourt.gateway.handlers.inbound import Handled, Inbound, content_key
from forecourt.gateway.handlers.v201.names import component_text, variable_text
from forecourt.ocpp.v201 import EventData, NotifyEventRequest
from forecourt.services import device_model
from forecourt.services.context import Services


class _Raw(msgspec.Struct, rename="camel"):
    event_data: list[msgspec.Raw]


_raw = msgspec.json.Decoder(_Raw)


def handle(
    sv: Services, state: PileState, request: NotifyEventRequest, message: Inbound, now: datetime
) -> Handled:
    raw = _raw.decode(message.payload).event_data
    rows = tuple(
        _row(state, data, bytes(text), now) for data, text in zip(request.event_data, raw, strict=True)
    )
    return device_model.events(sv, state, rows, now)


def _row(state: PileState, data: EventData, text: bytes, now: datetime) -> DeviceEvent:
    return DeviceEvent(
        pile_id=state.pile.id,
        key=content_key(text),
        at=data.timestamp,
        received_at=now,
        kind="NotifyEvent",
        component=component_text(data.component),
        variable=variable_text(data.variable),
        value=data.actual_value,
        payload=text.decode("utf-8", "replace"),
    )
