"""The routing table: version → action → route. What is not in it is refused as the standard says."""

from collections.abc import Mapping
from types import MappingProxyType

from forecourt.domain.pile import Registration
from forecourt.gateway.handlers import v16 as h16
from forecourt.gateway.handlers import v201 as h201
from forecourt.gateway.handlers.kept import keep
from forecourt.gateway.route import ALWAYS, Route
from forecourt.gateway.shedding import Priority
from forecourt.ocpp import v16, v201
from forecourt.ocpp.codec import ACTIONS
from forecourt.ocpp.errors import ErrorCode
from forecourt.ocpp.version import Version

Routes = Mapping[str, Route]

# OCPP 1.6: transaction messages are always acknowledged and kept, whatever the registration; a heartbeat and a status
# harm nobody. A 1.6 pile that is not accepted gets no authorisation.
_ROUTES_16: dict[str, Route] = {
    "Authorize": Route(
        v16.AuthorizeRequest, h16.authorize.handle, h16.authorize.respond, priority=Priority.BOOT
    ),
    "BootNotification": Route(
        v16.BootNotificationRequest,
        h16.boot_notification.handle,
        h16.boot_notification.respond,
        ALWAYS,
        priority=Priority.BOOT,
    ),
    "DataTransfer": Route(v16.DataTransferRequest, h16.data_transfer.handle, h16.data_transfer.respond),
    "Heartbeat": Route(
        v16.HeartbeatRequest,
        h16.heartbeat.handle,
        h16.heartbeat.respond,
        ALWAYS,
        priority=Priority.TRANSACTION,
    ),
    "MeterValues": Route(
        v16.MeterValuesRequest,
        h16.meter_values.handle,
        admitted=ALWAYS,
        kept=True,
        acknowledged=True,
        priority=Priority.METER,
    ),
    "StartTransaction": Route(
        v16.StartTransactionRequest,
        h16.start_transaction.handle,
        h16.start_transaction.respond,
        ALWAYS,
        kept=True,
        priority=Priority.TRANSACTION,
    ),
    "StatusNotification": Route(
        v16.StatusNotificationRequest, h16.status_notification.handle, admitted=ALWAYS
    ),
    "StopTransaction": Route(
        v16.StopTransactionRequest,
        h16.stop_transaction.handle,
        h16.stop_transaction.respond,
        ALWAYS,
        kept=True,
        acknowledged=True,
        priority=Priority.TRANSACTION,
    ),
    **{
        name: Route(v16.ACTIONS[name].request, keep(name), admitted=ALWAYS)
        for name in (
            "DiagnosticsStatusNotification",
            "FirmwareStatusNotification",
            "LogStatusNotification",
            "SecurityEventNotification",
            "SignedFirmwareStatusNotification",
        )
    },
}

# 2.0.1 B02.FR.09: a pending pile that calls untriggered gets SecurityError. Reports are what we asked it for (B02.FR.11).
_REPORTING = frozenset({Registration.NEW, Registration.PENDING, Registration.ACCEPTED})
_ROUTES_201: dict[str, Route] = {
    "Authorize": Route(
        v201.AuthorizeRequest, h201.authorize.handle, h201.authorize.respond, priority=Priority.BOOT
    ),
    "BootNotification": Route(
        v201.BootNotificationRequest,
        h201.boot_notification.handle,
        h201.boot_notification.respond,
        ALWAYS,
        priority=Priority.BOOT,
    ),
    "DataTransfer": Route(v201.DataTransferRequest, h201.data_transfer.handle, h201.data_transfer.respond),
    "Heartbeat": Route(
        v201.HeartbeatRequest, h201.heartbeat.handle, h201.heartbeat.respond, priority=Priority.TRANSACTION
    ),
    "MeterValues": Route(
        v201.MeterValuesRequest,
        h201.meter_values.handle,
        kept=True,
        acknowledged=True,
        priority=Priority.METER,
    ),
    "NotifyEvent": Route(v201.NotifyEventRequest, h201.notify_event.handle),
    "NotifyReport": Route(v201.NotifyReportRequest, h201.notify_report.handle, admitted=_REPORTING),
    "StatusNotification": Route(v201.StatusNotificationRequest, h201.status_notification.handle),
    "TransactionEvent": Route(
        v201.TransactionEventRequest,
        h201.transaction_event.handle,
        h201.transaction_event.respond,
        kept=True,
        acknowledged=True,
        priority=Priority.TRANSACTION,
    ),
    **{
        name: Route(v201.ACTIONS[name].request, keep(name))
        for name in (
            "FirmwareStatusNotification",
            "LogStatusNotification",
            "NotifyMonitoringReport",
            "SecurityEventNotification",
        )
    },
}

ROUTES: Mapping[Version, Routes] = MappingProxyType(
    {Version.V16: MappingProxyType(_ROUTES_16), Version.V201: MappingProxyType(_ROUTES_201)}
)


def refusal(version: Version, action: str) -> ErrorCode:
    """Return the code for an action without a route.

    2.0.1 Part 4 §4.3: NotImplemented is an action that is "not known by receiver", NotSupported one that is "recognized but
    the receiver does not support" it; 1.6 §4.2.3 has the same two.
    """
    return ErrorCode.NOT_SUPPORTED if action in ACTIONS[version] else ErrorCode.NOT_IMPLEMENTED
