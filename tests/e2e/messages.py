"""What a pile says, as payloads in OCPP's spelling: one table of words for each version, the same steps in both."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Protocol
from uuid import uuid4

Message = tuple[str, dict[str, Any]]


@dataclass
class Charge:
    """A transaction as its pile knows it. `transaction_id` is the pile's own in 2.0.1, the server's in 1.6."""

    token: str
    evse_id: int = 1
    transaction_id: str = field(default_factory=lambda: str(uuid4()))
    remote_start_id: int | None = None
    seq_no: int = 0

    def next_seq_no(self) -> int:
        self.seq_no += 1
        return self.seq_no - 1


class Words(Protocol):
    """How one version says it."""

    version: str
    protocol: str
    remote_start: str
    remote_stop: str
    start_action: str

    def boot(self) -> Message: ...
    def status(self, at: datetime, evse_id: int, in_use: bool) -> Message: ...
    def authorize(self, token: str) -> Message: ...
    def start(self, charge: Charge, at: datetime, register_wh: int) -> Message: ...
    def meter(self, charge: Charge, at: datetime, register_wh: int, power_w: int, soc: int) -> Message: ...
    def stop(self, charge: Charge, at: datetime, register_wh: int) -> Message: ...
    def started(self, charge: Charge, answer: dict[str, Any]) -> None: ...
    def token_status(self, answer: dict[str, Any]) -> str: ...


def stamp(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _sample(value: object, measurand: str, **more: object) -> dict[str, Any]:
    return {"value": value, "measurand": measurand, **more}


class V16:
    """OCPP 1.6."""

    version = "1.6"
    protocol = "ocpp1.6"
    remote_start = "RemoteStartTransaction"
    remote_stop = "RemoteStopTransaction"
    start_action = "StartTransaction"

    def boot(self) -> Message:
        return "BootNotification", {
            "chargePointVendor": "Foreign",
            "chargePointModel": "M16",
            "firmwareVersion": "1",
        }

    def status(self, at: datetime, evse_id: int, in_use: bool) -> Message:
        word = "Charging" if in_use else "Available"
        return "StatusNotification", {
            "connectorId": evse_id,
            "errorCode": "NoError",
            "status": word,
            "timestamp": stamp(at),
        }

    def authorize(self, token: str) -> Message:
        return "Authorize", {"idTag": token}

    def start(self, charge: Charge, at: datetime, register_wh: int) -> Message:
        return "StartTransaction", {
            "connectorId": charge.evse_id,
            "idTag": charge.token,
            "meterStart": register_wh,
            "timestamp": stamp(at),
        }

    def meter(self, charge: Charge, at: datetime, register_wh: int, power_w: int, soc: int) -> Message:
        samples = [
            _sample(str(register_wh), "Energy.Active.Import.Register", unit="Wh"),
            _sample(str(power_w), "Power.Active.Import", unit="W"),
            _sample(str(soc), "SoC", unit="Percent"),
        ]
        return "MeterValues", {
            "connectorId": charge.evse_id,
            "transactionId": int(charge.transaction_id),
            "meterValue": [{"timestamp": stamp(at), "sampledValue": samples}],
        }

    def stop(self, charge: Charge, at: datetime, register_wh: int) -> Message:
        return "StopTransaction", {
            "transactionId": int(charge.transaction_id),
            "idTag": charge.token,
            "meterStop": register_wh,
            "timestamp": stamp(at),
            "reason": "EVDisconnected",
        }

    def started(self, charge: Charge, answer: dict[str, Any]) -> None:
        charge.transaction_id = str(answer["transactionId"])

    def token_status(self, answer: dict[str, Any]) -> str:
        return str(answer["idTagInfo"]["status"])


class V201:
    """OCPP 2.0.1."""

    version = "2.0.1"
    protocol = "ocpp2.0.1"
    remote_start = "RequestStartTransaction"
    remote_stop = "RequestStopTransaction"
    start_action = "TransactionEvent"

    def boot(self) -> Message:
        station = {"vendorName": "Foreign", "model": "M201", "firmwareVersion": "1"}
        return "BootNotification", {"reason": "PowerUp", "chargingStation": station}

    def status(self, at: datetime, evse_id: int, in_use: bool) -> Message:
        return "StatusNotification", {
            "timestamp": stamp(at),
            "connectorStatus": "Occupied" if in_use else "Available",
            "evseId": evse_id,
            "connectorId": 1,
        }

    def authorize(self, token: str) -> Message:
        return "Authorize", {"idToken": {"idToken": token, "type": "ISO14443"}}

    def start(self, charge: Charge, at: datetime, register_wh: int) -> Message:
        event = self._event(charge, "Started", at, "Authorized", register_wh)
        event["evse"] = {"id": charge.evse_id, "connectorId": 1}
        event["idToken"] = {"idToken": charge.token, "type": "ISO14443"}
        if charge.remote_start_id is not None:
            event["triggerReason"] = "RemoteStart"
            event["transactionInfo"]["remoteStartId"] = charge.remote_start_id
        return "TransactionEvent", event

    def meter(self, charge: Charge, at: datetime, register_wh: int, power_w: int, soc: int) -> Message:
        more = [
            _sample(power_w, "Power.Active.Import", unitOfMeasure={"unit": "W"}),
            _sample(soc, "SoC", unitOfMeasure={"unit": "Percent"}),
        ]
        return "TransactionEvent", self._event(charge, "Updated", at, "MeterValuePeriodic", register_wh, more)

    def stop(self, charge: Charge, at: datetime, register_wh: int) -> Message:
        event = self._event(charge, "Ended", at, "EVDeparted", register_wh)
        event["transactionInfo"] |= {"chargingState": "Idle", "stoppedReason": "EVDisconnected"}
        return "TransactionEvent", event

    def started(self, charge: Charge, answer: dict[str, Any]) -> None:
        """The pile chose the transaction's id itself."""

    def token_status(self, answer: dict[str, Any]) -> str:
        return str(answer["idTokenInfo"]["status"])

    def _event(
        self,
        charge: Charge,
        kind: str,
        at: datetime,
        reason: str,
        register_wh: int,
        more: list[dict[str, Any]] | None = None,
    ) -> dict[str, Any]:
        register = _sample(register_wh, "Energy.Active.Import.Register", unitOfMeasure={"unit": "Wh"})
        return {
            "eventType": kind,
            "timestamp": stamp(at),
            "triggerReason": reason,
            "seqNo": charge.next_seq_no(),
            "transactionInfo": {"transactionId": charge.transaction_id, "chargingState": "Charging"},
            "meterValue": [{"timestamp": stamp(at), "sampledValue": [register, *(more or [])]}],
        }


WORDS: Mapping[str, Words] = {"1.6": V16(), "2.0.1": V201()}
