"""A row of the routing table: how one action of one version is served."""

import msgspec

from forecourt.domain.outcome import PileState
from forecourt.domain.pile import Registration
from forecourt.gateway.handlers.inbound import Handle, Respond, empty
from forecourt.gateway.shedding import Priority
from forecourt.ocpp.primitives import Payload

ALWAYS = frozenset(Registration)
# DESIGN §3: a pending or rejected pile is not served but for what we asked it.
REGISTERED = frozenset({Registration.NEW, Registration.ACCEPTED})


class Route(msgspec.Struct, frozen=True):
    """One action.

    ``admitted``: the registrations of a pile in which it is served without having been triggered. ``kept``: a message that
    can't be read or applied is evidence. ``acknowledged``: and is answered like a good one, so that it does not come back
    for ever. ``priority``: what it gives way to when the database falls behind.
    """

    request: type[Payload]
    handle: Handle
    respond: Respond = empty
    admitted: frozenset[Registration] = REGISTERED
    kept: bool = False
    acknowledged: bool = False
    priority: Priority = Priority.STATUS


def is_admitted(route: Route, action: str, state: PileState) -> bool:
    """Say whether a pile may call this now.

    A pile that never booted counts as what the operator has admitted it as: one that was moved here from another back-end
    is served before its next boot, one that nobody knows is not.
    """
    registration = state.pile.registration
    if registration is Registration.NEW:
        registration = state.pile.admission
    return registration in route.admitted or action in state.triggered
