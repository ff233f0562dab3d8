"""A pile: one charging device with one OCPP connection, and its EVSEs."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType

import msgspec


class Registration(StrEnum):
    """The answer to a pile's last BootNotification; persisted, so that a reconnect without a boot goes on as it was."""

    NEW = "new"
    PENDING = "pending"
    ACCEPTED = "accepted"
    REJECTED = "rejected"


class EvseStatus(StrEnum):
    """The OCPI 2.2.1 words for the status of an EVSE."""

    AVAILABLE = "AVAILABLE"
    CHARGING = "CHARGING"
    BLOCKED = "BLOCKED"
    RESERVED = "RESERVED"
    INOPERATIVE = "INOPERATIVE"
    OUTOFORDER = "OUTOFORDER"
    UNKNOWN = "UNKNOWN"
    PLANNED = "PLANNED"
    REMOVED = "REMOVED"


# DESIGN §1. Occupied and Finishing depend on whether a session runs: see ``evse_status``.
_PLAIN: Mapping[str, EvseStatus] = MappingProxyType(
    {
        "Available": EvseStatus.AVAILABLE,
        "Preparing": EvseStatus.CHARGING,
        "Charging": EvseStatus.CHARGING,
        "SuspendedEV": EvseStatus.CHARGING,
        "SuspendedEVSE": EvseStatus.CHARGING,
        "Finishing": EvseStatus.BLOCKED,
        "Occupied": EvseStatus.BLOCKED,
        "Reserved": EvseStatus.RESERVED,
        "Unavailable": EvseStatus.INOPERATIVE,
        "Faulted": EvseStatus.OUTOFORDER,
    }
)
_LONGEST_ID = 48
_NOT_IN_IDS = frozenset("/\\:")
_IN_USE = frozenset({"Occupied", "Available", ""})


def evse_status(raw: str, charging: bool) -> EvseStatus:
    """Translate a reported status; ``charging`` says whether a session is open on the EVSE.

    A pile that starts a session without ever reporting Occupied is still CHARGING.
    """
    if charging and raw in _IN_USE:
        return EvseStatus.CHARGING
    return _PLAIN.get(raw, EvseStatus.UNKNOWN)


def is_pile_id(text: str) -> bool:
    """Say whether a text can name a pile: 1 to 48 printable characters that break no path, log or Basic authentication.

    OCPP 2.0.1 Part 4 §3.1.1: at most 48 characters, no colon.
    """
    return 0 < len(text) <= _LONGEST_ID and text.isprintable() and _NOT_IN_IDS.isdisjoint(text)


class Pile(msgspec.Struct, frozen=True, kw_only=True):
    """Master data of a pile and what its last boot said.

    ``admission`` is the operator's wish: what the next BootNotification is answered with.
    ``ocpp_version`` is the version it is registered with, used where the handshake names none.
    """

    id: str
    station_id: str
    name: str = ""
    ocpp_version: str = ""
    admission: Registration = Registration.ACCEPTED
    registration: Registration = Registration.NEW
    max_power_w: int | None = None
    max_current_a: int | None = None
    tariff_id: str | None = None
    compression: bool = True
    vendor: str = ""
    model: str = ""
    serial: str = ""
    firmware: str = ""
    booted_at: datetime | None = None
    boot_reason: str = ""
    created_at: datetime | None = None


class PileBoot(msgspec.Struct, frozen=True, kw_only=True):
    """The columns of a pile that its BootNotification changes; the others are master data and written by operators only."""

    id: str
    registration: Registration
    vendor: str
    model: str
    serial: str
    firmware: str
    booted_at: datetime
    boot_reason: str


class Evse(msgspec.Struct, frozen=True, kw_only=True):
    """The state of one EVSE. ``connectors`` keeps the raw status of each plug; ``raw_status`` is the telling one.

    OCPP 1.6 knows connectors only: its connectorId n is our EVSE n with connector 1.
    """

    pile_id: str
    evse_id: int
    status: EvseStatus = EvseStatus.UNKNOWN
    raw_status: str = ""
    error_code: str = ""
    info: str = ""
    connectors: dict[int, str] = {}
    since: datetime | None = None
    pile_at: datetime | None = None
    received_at: datetime | None = None
