"""The actions of OCPP 2.0.1 that a pile may call."""

from forecourt.gateway.handlers.v201 import (
    authorize,
    boot_notification,
    data_transfer,
    heartbeat,
    meter_values,
    notify_event,
    notify_report,
    status_notification,
    transaction_event,
)

__all__ = [
    "authorize",
    "boot_notification",
    "data_transfer",
    "heartbeat",
    "meter_values",
    "notify_event",
    "notify_report",
    "status_notification",
    "transaction_event",
]
