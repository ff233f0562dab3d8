"""The field's library: a central system on PyPI's `ocpp` and `websockets`, as its documentation shows one.

Handlers answer; nothing is stored. Logging is off, which the examples of the documentation have on.
"""

import asyncio
from datetime import UTC, datetime
from itertools import count
from typing import Any

from ocpp.routing import on
from ocpp.v16 import ChargePoint as ChargePoint16
from ocpp.v16 import call_result as result16
from ocpp.v16.datatypes import IdTagInfo
from ocpp.v16.enums import AuthorizationStatus, RegistrationStatus
from ocpp.v201 import ChargePoint as ChargePoint201
from ocpp.v201 import call_result as result201
from ocpp.v201.datatypes import IdTokenInfoType
from ocpp.v201.enums import AuthorizationStatusEnumType, RegistrationStatusEnumType
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from bench.ready import say_where

_transactions = count(1)


def _now() -> str:
    return datetime.now(UTC).isoformat()


class Pile16(ChargePoint16):  # type: ignore[misc]
    """A 1.6 pile's connection."""

    @on("BootNotification")  # type: ignore[untyped-decorator]
    def on_boot(self, **_: Any) -> Any:
        return result16.BootNotification(_now(), 300, RegistrationStatus.accepted)

    @on("StatusNotification")  # type: ignore[untyped-decorator]
    def on_status(self, **_: Any) -> Any:
        return result16.StatusNotification()

    @on("Heartbeat")  # type: ignore[untyped-decorator]
    def on_heartbeat(self) -> Any:
        return result16.Heartbeat(_now())

    @on("Authorize")  # type: ignore[untyped-decorator]
    def on_authorize(self, **_: Any) -> Any:
        return result16.Authorize(IdTagInfo(status=AuthorizationStatus.accepted))

    @on("StartTransaction")  # type: ignore[untyped-decorator]
    def on_start(self, **_: Any) -> Any:
        return result16.StartTransaction(next(_transactions), IdTagInfo(status=AuthorizationStatus.accepted))

    @on("MeterValues")  # type: ignore[untyped-decorator]
    def on_meter_values(self, **_: Any) -> Any:
        return result16.MeterValues()

    @on("StopTransaction")  # type: ignore[untyped-decorator]
    def on_stop(self, **_: Any) -> Any:
        return result16.StopTransaction(IdTagInfo(status=AuthorizationStatus.accepted))


class Pile201(ChargePoint201):  # type: ignore[misc]
    """A 2.0.1 pile's connection."""

    @on("BootNotification")  # type: ignore[untyped-decorator]
    def on_boot(self, **_: Any) -> Any:
        return result201.BootNotification(_now(), 300, RegistrationStatusEnumType.accepted)

    @on("StatusNotification")  # type: ignore[untyped-decorator]
    def on_status(self, **_: Any) -> Any:
        return result201.StatusNotification()

    @on("Heartbeat")  # type: ignore[untyped-decorator]
    def on_heartbeat(self) -> Any:
        return result201.Heartbeat(_now())

    @on("TransactionEvent")  # type: ignore[untyped-decorator]
    def on_event(self, id_token: Any = None, **_: Any) -> Any:
        if id_token is None:
            return result201.TransactionEvent()
        accepted = IdTokenInfoType(status=AuthorizationStatusEnumType.accepted)
        return result201.TransactionEvent(id_token_info=accepted)


PILES: dict[str, Any] = {"ocpp1.6": Pile16, "ocpp2.0.1": Pile201}


async def _connected(socket: ServerConnection) -> None:
    assert socket.request is not None
    pile_id = socket.request.path.rsplit("/", 1)[-1]
    try:
        await PILES[socket.subprotocol or ""](pile_id, socket).start()
    except ConnectionClosed:
        return


async def main() -> None:
    """Serve until killed."""
    protocols = [Subprotocol(name) for name in PILES]
    async with serve(_connected, "127.0.0.1", 0, subprotocols=protocols) as server:
        say_where(next(iter(server.sockets)).getsockname()[1])
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
