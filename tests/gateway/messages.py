"""What a pile says in these tests, what the store then holds, and a brake for its commits."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.gateway.conftest import House

from forecourt.domain.session import RejectedMessage, Session
from forecourt.store.errors import Status
from forecourt.store.work import Batch, Result

FAILED = Result(Status.FAILED)
V16, V201 = "ocpp1.6", "ocpp2.0.1"


def now(seconds: float = 0) -> str:
    return (
        (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat(timespec="seconds").replace("+00:00", "Z")
    )


def start(**fields: Any) -> dict[str, Any]:
    return {"connectorId": 1, "idTag": "TAG1", "meterStart": 1000, "timestamp": now()} | fields


def meter(transaction_id: int, wh: int) -> dict[str, Any]:
    sample = {"value": str(wh), "measurand": "Energy.Active.Import.Register", "unit": "Wh"}
    values = [{"timestamp": now(), "sampledValue": [sample]}]
    return {"connectorId": 1, "transactionId": transaction_id, "meterValue": values}


def stop(transaction_id: int, **fields: Any) -> dict[str, Any]:
    return {"transactionId": transaction_id, "meterStop": 3000, "timestamp": now()} | fields


def event(kind: str, seq_no: int, transaction_id: str = "T1", **fields: Any) -> dict[str, Any]:
    return {
        "eventType": kind,
        "timestamp": now(),
        "triggerReason": "MeterValuePeriodic",
        "seqNo": seq_no,
        "transactionInfo": {"transactionId": transaction_id, "chargingState": "Charging"},
        "evse": {"id": 1, "connectorId": 1},
    } | fields


def register(wh: int) -> list[dict[str, Any]]:
    sample = {"value": wh, "measurand": "Energy.Active.Import.Register", "unitOfMeasure": {"unit": "Wh"}}
    return [{"timestamp": now(), "sampledValue": [sample]}]


async def sessions(house: House) -> list[Session]:
    page = await house.sv.store.sessions()
    return [getattr(item, "session", item) for item in page.items]


async def rejected(house: House) -> list[RejectedMessage]:
    return list((await house.sv.store.rejected_messages("CP1")).items)


class Brake:
    """Holds the commits back until it is released."""

    def __init__(self, house: House) -> None:
        self._commit = house.sv.store.commit
        self._execute = self._commit._execute
        self.held: list[tuple[Batch, Callable[..., None]]] = []
        self._commit._execute = self._hold

    def _hold(self, batch: Batch, finished: Callable[..., None]) -> None:
        self.held.append((batch, finished))

    def release(self) -> None:
        self._commit._execute = self._execute
        for batch, finished in self.held:
            self._execute(batch, finished)

    def answer(self, status: Status) -> None:
        """End what is held with this status, without the database."""
        self._commit._execute = self._execute
        for batch, finished in self.held:
            finished([Result(status)] * (len(batch.units) + len(batch.calls)))


async def held(brake: Brake) -> bool:
    return bool(brake.held)
