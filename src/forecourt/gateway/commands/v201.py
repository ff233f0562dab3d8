"""Commands as OCPP 2.0.1 calls."""

from collections.abc import Mapping
from types import MappingProxyType

from msgspec import UNSET

from forecourt.domain import command as ours
from forecourt.domain.command import Command
from forecourt.domain.outcome import PileState
from forecourt.gateway.commands.call import Translate, UntranslatableError, transaction_of
from forecourt.gateway.handlers.inbound import content_key
from forecourt.gateway.handlers.v201.names import parse
from forecourt.ocpp import v201
from forecourt.ocpp.primitives import Payload

Call = tuple[str, Payload]


def _remote_start(request: ours.RemoteStart, command: Command, state: PileState) -> Call:
    token = v201.IdToken(id_token=request.token_uid, type=request.token_type)  # type: ignore[arg-type]
    message = v201.RequestStartTransactionRequest(
        id_token=token, remote_start_id=command.remote_start_id or 0, evse_id=request.evse_id
    )
    return "RequestStartTransaction", message


def _remote_stop(request: ours.RemoteStop, command: Command, state: PileState) -> Call:
    message = v201.RequestStopTransactionRequest(transaction_id=transaction_of(request, state))
    return "RequestStopTransaction", message


def _reset(request: ours.Reset, command: Command, state: PileState) -> Call:
    kind: v201.ResetEnum = "OnIdle" if request.when_idle else "Immediate"
    return "Reset", v201.ResetRequest(type=kind, evse_id=request.evse_id)


def _unlock(request: ours.UnlockConnector, command: Command, state: PileState) -> Call:
    message = v201.UnlockConnectorRequest(evse_id=request.evse_id, connector_id=request.connector_id)
    return "UnlockConnector", message


def _change_availability(request: ours.ChangeAvailability, command: Command, state: PileState) -> Call:
    status: v201.OperationalStatusEnum = "Operative" if request.operative else "Inoperative"
    evse = None if request.evse_id is None else v201.EVSE(id=request.evse_id)
    return "ChangeAvailability", v201.ChangeAvailabilityRequest(operational_status=status, evse=evse)


def _trigger(request: ours.TriggerMessage, command: Command, state: PileState) -> Call:
    evse_id = request.evse_id
    status = request.message == "StatusNotification"
    # F06.FR.13: for a StatusNotification "the CSMS SHALL set the connectorId field".
    if status and evse_id is None:
        evse_id = min(state.evses, default=1) or 1
    evse = None if evse_id is None else v201.EVSE(id=evse_id, connector_id=1 if status else None)
    message = v201.TriggerMessageRequest(requested_message=request.message, evse=evse)  # type: ignore[arg-type]
    return "TriggerMessage", message


def _get_configuration(request: ours.GetConfiguration, command: Command, state: PileState) -> Call:
    if not request.keys:
        raise UntranslatableError("OCPP 2.0.1 reads named variables: give keys, or ask for a base report")
    asked = (_parsed(key) for key in request.keys)
    data = tuple(
        v201.GetVariableData(component=component, variable=variable) for component, variable in asked
    )
    return "GetVariables", v201.GetVariablesRequest(get_variable_data=data)


def _change_configuration(request: ours.ChangeConfiguration, command: Command, state: PileState) -> Call:
    component, variable = _parsed(request.key)
    data = v201.SetVariableData(component=component, variable=variable, attribute_value=request.value)
    return "SetVariables", v201.SetVariablesRequest(set_variable_data=(data,))


def _parsed(key: str) -> tuple[v201.Component, v201.Variable]:
    try:
        return parse(key)
    except ValueError as error:
        raise UntranslatableError(str(error)) from None


def _base_report(request: ours.GetBaseReport, command: Command, state: PileState) -> Call:
    request_id = content_key(command.id.encode()) & 0x7FFFFFFF
    message = v201.GetBaseReportRequest(request_id=request_id, report_base=request.report)  # type: ignore[arg-type]
    return "GetBaseReport", message


def _data_transfer(request: ours.DataTransfer, command: Command, state: PileState) -> Call:
    data = UNSET if request.data is None else request.data
    message = v201.DataTransferRequest(vendor_id=request.vendor_id, message_id=request.message_id, data=data)
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
