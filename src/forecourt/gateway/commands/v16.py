"""Commands as OCPP 1.6 calls."""

from collections.abc import Mapping
from types import MappingProxyType

from forecourt.domain import command as ours
from forecourt.domain.command import Command
from forecourt.domain.outcome import PileState
from forecourt.gateway.commands.call import Translate, UntranslatableError, transaction_of
from forecourt.ocpp import v16
from forecourt.ocpp.primitives import Payload

Call = tuple[str, Payload]


def _remote_start(request: ours.RemoteStart, command: Command, state: PileState) -> Call:
    message = v16.RemoteStartTransactionRequest(id_tag=request.token_uid, connector_id=request.evse_id)
    return "RemoteStartTransaction", message


def _remote_stop(request: ours.RemoteStop, command: Command, state: PileState) -> Call:
    known_as = transaction_of(request, state)
    if not known_as.isdecimal():  # begun in the words of 2.x, by other firmware
        raise UntranslatableError(
            f"session {request.session_id} has no number that OCPP 1.6 could name it by"
        )
    return "RemoteStopTransaction", v16.RemoteStopTransactionRequest(transaction_id=int(known_as))


def _reset(request: ours.Reset, command: Command, state: PileState) -> Call:
    if request.evse_id is not None:
        raise UntranslatableError("OCPP 1.6 resets the whole pile: leave out evse_id")
    return "Reset", v16.ResetRequest(type="Soft" if request.when_idle else "Hard")


def _unlock(request: ours.UnlockConnector, command: Command, state: PileState) -> Call:
    return "UnlockConnector", v16.UnlockConnectorRequest(connector_id=request.evse_id)


def _change_availability(request: ours.ChangeAvailability, command: Command, state: PileState) -> Call:
    kind: v16.AvailabilityType = "Operative" if request.operative else "Inoperative"
    message = v16.ChangeAvailabilityRequest(connector_id=request.evse_id or 0, type=kind)
    return "ChangeAvailability", message


def _trigger(request: ours.TriggerMessage, command: Command, state: PileState) -> Call:
    message = v16.TriggerMessageRequest(
        requested_message=request.message,  # type: ignore[arg-type]  # held to the schema when encoded
        connector_id=request.evse_id,
    )
    return "TriggerMessage", message


def _get_configuration(request: ours.GetConfiguration, command: Command, state: PileState) -> Call:
    return "GetConfiguration", v16.GetConfigurationRequest(key=request.keys or None)


def _change_configuration(request: ours.ChangeConfiguration, command: Command, state: PileState) -> Call:
    return "ChangeConfiguration", v16.ChangeConfigurationRequest(key=request.key, value=request.value)


def _base_report(request: ours.GetBaseReport, command: Command, state: PileState) -> Call:
    raise UntranslatableError("OCPP 1.6 has no device model: ask for the configuration instead")


def _data_transfer(request: ours.DataTransfer, command: Command, state: PileState) -> Call:
    message = v16.DataTransferRequest(
        vendor_id=request.vendor_id, message_id=request.message_id, data=request.data
    )
    return "DataTransfer", message


CALLS: Mapping[type, Translate] = MappingProxyType(
    {
        ours.RemoteStart: _remote_start,
        ours.RemoteStop: _remote_stop,
        ours.Reset: _reset,
        ours.UnlockConnector: _unlock,
        ours.ChangeAvailability: _change_availability,
        ours.TriggerMessage: _trigger,
        ours.GetConfiguration: _get_configuration,
        ours.ChangeConfiguration: _change_configuration,
        ours.GetBaseReport: _base_report,
        ours.DataTransfer: _data_transfer,
    }
)
