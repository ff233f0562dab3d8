"""Decisions about BootNotification and what may be sent to a pile in each registration state."""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType

import msgspec
from msgspec.structs import replace

from forecourt.domain.command import (
    ChangeConfiguration,
    GetBaseReport,
    GetConfiguration,
    Request,
    TriggerMessage,
)
from forecourt.domain.outcome import Changed, Outcome, PileState
from forecourt.domain.pile import Pile, PileBoot, Registration


class BootReport(msgspec.Struct, frozen=True, kw_only=True):
    """What a pile said of itself when it started."""

    vendor: str
    model: str
    serial: str = ""
    firmware: str = ""
    reason: str = ""


class BootReply(msgspec.Struct, frozen=True):
    """The answer to a boot. ``interval_s``: heartbeat interval when accepted, else the wait before the next boot."""

    status: Registration
    interval_s: int


# DESIGN §3. A pending pile may be configured and asked (B02.FR.02, OCPP 1.6 §4.2), never told to start or stop.
SENDABLE: Mapping[Registration, tuple[type[Request], ...] | None] = MappingProxyType(
    {
        Registration.NEW: (),
        Registration.PENDING: (GetConfiguration, ChangeConfiguration, GetBaseReport, TriggerMessage),
        Registration.REJECTED: (),
        Registration.ACCEPTED: None,
    }
)


def may_send(registration: Registration, request: Request) -> bool:
    """Say whether a command may be sent to a pile in this registration state."""
    allowed = SENDABLE[registration]
    return allowed is None or isinstance(request, allowed)


def decide_boot(
    state: PileState, report: BootReport, now: datetime, heartbeat_s: int, retry_s: int
) -> Outcome[BootReply]:
    """Return the registration that the operator wishes for the pile, with what it reported of itself.

    A boot sets the pile's clock by our answer, so what was known of its offset is void.
    """
    pile = replace(
        state.pile,
        registration=state.pile.admission,
        vendor=report.vendor,
        model=report.model,
        serial=report.serial,
        firmware=report.firmware,
        booted_at=now,
        boot_reason=report.reason,
    )
    accepted = pile.registration is Registration.ACCEPTED
    reply = BootReply(pile.registration, heartbeat_s if accepted else retry_s)
    event = Changed(topic="pile", at=now, station_id=pile.station_id, pile_id=pile.id)
    state = replace(state, pile=pile, clock_offset_s=0.0, triggered=frozenset())
    return Outcome(state, reply, (_boot_row(pile, now),), (event,))


def _boot_row(pile: Pile, now: datetime) -> PileBoot:
    return PileBoot(
        id=pile.id,
        registration=pile.registration,
        vendor=pile.vendor,
        model=pile.model,
        serial=pile.serial,
        firmware=pile.firmware,
        booted_at=now,
        boot_reason=pile.boot_reason,
    )
