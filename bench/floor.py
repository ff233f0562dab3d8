"""The floor: a bare server that decodes each call into the same types as Forecourt and answers from memory.

No passwords, no state of piles, no repairs, no storage: what is left is a WebSocket, JSON and types.
"""

import asyncio
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from itertools import count
from typing import Any

import msgspec
import uvloop
from picows import (
    WSCloseCode,
    WSFrame,
    WSListener,
    WSMsgType,
    WSTransport,
    WSUpgradeRequest,
    WSUpgradeResponse,
    WSUpgradeResponseWithListener,
    ws_create_server,
)

from bench.ready import say_where
from forecourt.ocpp import codec, v16, v201
from forecourt.ocpp.primitives import Payload, decoder
from forecourt.ocpp.version import Version

Answer = Callable[[Any], Payload]

_frame = msgspec.json.Decoder(tuple[int, str, str, msgspec.Raw])
_encode = msgspec.json.Encoder(decimal_format="number").encode
_transactions = count(1)

_ACCEPTED_16 = v16.IdTagInfo(status="Accepted")
_METERED_16 = v16.MeterValuesResponse()
_STATUS_16 = v16.StatusNotificationResponse()
_STATUS_201 = v201.StatusNotificationResponse()
_EVENT = v201.TransactionEventResponse()
_EVENT_WITH_TOKEN = v201.TransactionEventResponse(id_token_info=v201.IdTokenInfo(status="Accepted"))


def _now() -> datetime:
    return datetime.now(UTC)


def _booted_16(_: v16.BootNotificationRequest) -> Payload:
    return v16.BootNotificationResponse(status="Accepted", current_time=_now(), interval=300)


def _booted_201(_: v201.BootNotificationRequest) -> Payload:
    return v201.BootNotificationResponse(status="Accepted", current_time=_now(), interval=300)


def _started_16(_: v16.StartTransactionRequest) -> Payload:
    return v16.StartTransactionResponse(id_tag_info=_ACCEPTED_16, transaction_id=next(_transactions))


def _event(request: v201.TransactionEventRequest) -> Payload:
    return _EVENT if request.id_token is None else _EVENT_WITH_TOKEN


ANSWERS: Mapping[Version, Mapping[str, Answer]] = {
    Version.V16: {
        "BootNotification": _booted_16,
        "StatusNotification": lambda _: _STATUS_16,
        "Authorize": lambda _: v16.AuthorizeResponse(id_tag_info=_ACCEPTED_16),
        "StartTransaction": _started_16,
        "MeterValues": lambda _: _METERED_16,
        "StopTransaction": lambda _: v16.StopTransactionResponse(id_tag_info=_ACCEPTED_16),
        "Heartbeat": lambda _: v16.HeartbeatResponse(current_time=_now()),
    },
    Version.V201: {
        "BootNotification": _booted_201,
        "StatusNotification": lambda _: _STATUS_201,
        "TransactionEvent": _event,
        "Heartbeat": lambda _: v201.HeartbeatResponse(current_time=_now()),
    },
}
ROUTES = {
    version: {
        action: (decoder(codec.action_of(version, action).request).decode, answer)
        for action, answer in answers.items()
    }
    for version, answers in ANSWERS.items()
}


class Pile(WSListener):
    """One connection; the load sends a frame for each call."""

    def __init__(self, version: Version) -> None:
        self._routes = ROUTES[version]

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        if frame.msg_type is WSMsgType.TEXT:
            _, message_id, action, payload = _frame.decode(frame.get_payload_as_bytes())
            decode, answer = self._routes[action]
            transport.send(WSMsgType.TEXT, _encode((3, message_id, answer(decode(payload)))))
        elif frame.msg_type is WSMsgType.CLOSE:
            transport.send_close(WSCloseCode.OK)
            transport.disconnect()


def _accept(request: WSUpgradeRequest) -> WSUpgradeResponseWithListener:
    protocol = request.headers["Sec-WebSocket-Protocol"]
    response = WSUpgradeResponse.create_101_response({"Sec-WebSocket-Protocol": protocol})
    return WSUpgradeResponseWithListener(response, Pile(Version(protocol)))


async def main() -> None:
    """Serve until killed."""
    server = await ws_create_server(_accept, "127.0.0.1", 0)
    say_where(server.sockets[0].getsockname()[1])
    await server.serve_forever()


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main())
