"""The actions of OCPP 1.6 that a pile may call."""

from forecourt.gateway.handlers.v16 import (
    authorize,
    boot_notification,
    data_transfer,
    heartbeat,
    meter_values,
    start_transaction,
    status_notification,
    stop_transaction,
)

__all__ = [
    "authorize",
    "boot_notification",
    "data_transfer",
    "heartbeat",
    "meter_values",
    "start_transaction",
    "status_notification",
    "stop_transaction",
]
