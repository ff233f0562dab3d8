"""The commands that a pile's page offers: each a row, with what it asks for, what it puts at risk, and its request."""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from forecourt.console.render import link
from forecourt.console.visit import Visit
from forecourt.console.words import N_, version
from forecourt.domain.command import (
    ChangeAvailability,
    GetBaseReport,
    GetConfiguration,
    RemoteStart,
    RemoteStop,
    Request,
    Reset,
    TriggerMessage,
    UnlockConnector,
)
from forecourt.domain.pile import EvseStatus
from forecourt.domain.provisioning import may_send
from forecourt.domain.records import Role
from forecourt.domain.session import Session, SessionState
from forecourt.store.reads.piles import PileDetail

Form = Mapping[str, str]
MESSAGES = ("BootNotification", "Heartbeat", "StatusNotification", "MeterValues")


class CommandForm(NamedTuple):
    """A command as a person gives it. ``touches``: whose session it may end or disturb."""

    label: str
    means: str
    request: Callable[[Form], Request]
    touches: str = "nobody"
    asks: str = ""
    versions: tuple[str, ...] = ()


def _evse(form: Form) -> int | None:
    return int(form["evse"]) if form.get("evse") else None


FORMS: Mapping[str, CommandForm] = {
    "start": CommandForm(
        N_("Start a session"),
        N_("The pile starts to charge for this token as soon as a car is plugged in."),
        lambda form: RemoteStart(token_uid=form["token"].strip(), evse_id=_evse(form)),
        asks="token",
    ),
    "stop": CommandForm(
        N_("Stop the session"),
        N_("The driver stops charging now and is billed for what was charged until then."),
        lambda form: RemoteStop(session_id=int(form["session"])),
        touches="session",
    ),
    "unlock": CommandForm(
        N_("Unlock the connector"),
        N_(
            "The pile releases the plug. Most piles stop a running session first; some refuse while one runs."
        ),
        lambda form: UnlockConnector(evse_id=int(form["evse"])),
        touches="evse",
    ),
    "off": CommandForm(
        N_("Take out of service"),
        N_("Nobody can charge here until it is put back into service. A running session goes on to its end."),
        lambda form: ChangeAvailability(operative=False, evse_id=_evse(form)),
        touches="evse",
    ),
    "on": CommandForm(
        N_("Put back into service"),
        N_("Drivers can charge here again."),
        lambda form: ChangeAvailability(operative=True, evse_id=_evse(form)),
    ),
    "reset": CommandForm(
        N_("Restart when idle"),
        N_(
            "The pile restarts as soon as no session runs. A pile of OCPP 1.6 stops its sessions in order first."
        ),
        lambda form: Reset(when_idle=True),
        touches="pile",
    ),
    "reset-now": CommandForm(
        N_("Restart now"),
        N_(
            "The pile restarts at once; running sessions end, and what was not yet told of them may come late."
        ),
        lambda form: Reset(when_idle=False),
        touches="pile",
    ),
    "trigger": CommandForm(
        N_("Ask for a message"),
        N_("The pile sends this message now."),
        lambda form: TriggerMessage(message=form["message"], evse_id=_evse(form)),
        asks="message",
    ),
    "settings": CommandForm(
        N_("Read its settings"),
        N_("The pile answers with its configuration; it is kept on the Settings page."),
        lambda form: GetConfiguration(),
        versions=("1.6",),
    ),
    "report": CommandForm(
        N_("Ask for a report"),
        N_("The pile reports its device model in parts; they are kept on the Settings page."),
        lambda form: GetBaseReport(),
        versions=("2.0.1", "2.1"),
    ),
}
# What is offered for an EVSE, for a session, and for the whole pile.
FOR_PILE = ("trigger", "settings", "report", "on", "off", "reset", "reset-now")


class Action(NamedTuple):
    """A command that can be given now: a link to the question that comes before it."""

    label: str
    href: str
    danger: bool


def version_of(detail: PileDetail) -> str:
    """Return the version that the pile speaks, or last spoke."""
    return version(detail.owner.version or detail.pile.ocpp_version)


def available(visit: Visit, detail: PileDetail, sessions: Sequence[Session]) -> dict[int, list[Action]]:
    """Return what can be commanded now, by EVSE, the pile itself being 0; nothing to who may not command."""
    if not visit.may(Role.OPERATOR):
        return {}
    found = {evse.evse_id: _for_evse(detail, evse.evse_id, sessions) for evse in detail.evses if evse.evse_id}
    return found | {0: [_action(detail, kind) for kind in FOR_PILE if fits(detail, kind)]}


def fits(detail: PileDetail, kind: str) -> bool:
    """Say whether a command exists in the pile's version and may be sent in its registration state."""
    form = FORMS[kind]
    known = not form.versions or version_of(detail) in form.versions
    example = {"evse": "1", "session": "1", "token": "1", "message": "Heartbeat"}
    return known and may_send(detail.pile.registration, form.request(example))


def _for_evse(detail: PileDetail, evse_id: int, sessions: Sequence[Session]) -> list[Action]:
    running = next((s for s in sessions if s.evse_id == evse_id and s.state is SessionState.OPEN), None)
    status = next(evse.status for evse in detail.evses if evse.evse_id == evse_id)
    first = "stop" if running else "start"
    switch = "on" if status is EvseStatus.INOPERATIVE else "off"
    return [
        _action(detail, kind, evse=evse_id, session=running.id if running and kind == "stop" else "")
        for kind in (first, "unlock", switch)
        if fits(detail, kind)
    ]


def _action(detail: PileDetail, kind: str, **query: object) -> Action:
    href = link("/piles", detail.pile.id, "commands", kind, **query)
    return Action(FORMS[kind].label, href, FORMS[kind].touches != "nobody")
