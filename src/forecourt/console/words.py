"""The words for states, kinds and flags, each in a table; ``N_`` marks them for the catalog, pages translate them."""

from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from typing import Any, NamedTuple

from forecourt.console.formats import Formats
from forecourt.domain import command as commands
from forecourt.domain.command import CommandState
from forecourt.domain.pile import Evse, EvseStatus, Registration
from forecourt.domain.records import Role
from forecourt.domain.session import Flag, SessionState
from forecourt.domain.tariff import Restrictions
from forecourt.domain.token import TokenStatus


def N_(text: str) -> str:  # noqa: N802 (gettext's own name for "to be translated")
    """Mark a text for the catalog."""
    return text


class State(NamedTuple):
    """How a state is shown: a word, a shape and a colour, so that none of the three is needed alone."""

    label: str
    icon: str
    tone: str


# The worst first: what a station with EVSEs in different states is shown as.
EVSE: Mapping[EvseStatus, State] = {
    EvseStatus.OUTOFORDER: State(N_("Out of order"), "alert", "bad"),
    EvseStatus.UNKNOWN: State(N_("Unknown"), "question", "unknown"),
    EvseStatus.INOPERATIVE: State(N_("Out of service"), "minus", "off"),
    EvseStatus.BLOCKED: State(N_("Blocked"), "square", "warn"),
    EvseStatus.RESERVED: State(N_("Reserved"), "diamond", "reserved"),
    EvseStatus.CHARGING: State(N_("Charging"), "bolt", "busy"),
    EvseStatus.AVAILABLE: State(N_("Available"), "check", "good"),
    EvseStatus.PLANNED: State(N_("Planned"), "dashed", "off"),
    EvseStatus.REMOVED: State(N_("Removed"), "cross", "off"),
}
EVSE_MEANS: Mapping[EvseStatus, str] = {
    EvseStatus.OUTOFORDER: N_("reports a fault"),
    EvseStatus.UNKNOWN: N_("no connection, or no status yet"),
    EvseStatus.INOPERATIVE: N_("switched off for drivers"),
    EvseStatus.BLOCKED: N_("occupied without charging"),
    EvseStatus.RESERVED: N_("held for a driver"),
    EvseStatus.CHARGING: N_("a session is running"),
    EvseStatus.AVAILABLE: N_("free"),
    EvseStatus.PLANNED: N_("not built yet"),
    EvseStatus.REMOVED: N_("no longer there"),
}
# In a bar the usual states come first.
EVSE_ORDER = (
    EvseStatus.AVAILABLE,
    EvseStatus.CHARGING,
    EvseStatus.RESERVED,
    EvseStatus.BLOCKED,
    EvseStatus.INOPERATIVE,
    EvseStatus.UNKNOWN,
    EvseStatus.OUTOFORDER,
    EvseStatus.PLANNED,
    EvseStatus.REMOVED,
)

ONLINE = State(N_("Online"), "check", "good")
OFFLINE = State(N_("Offline"), "cross", "bad")

SESSION: Mapping[SessionState, State] = {
    SessionState.OPEN: State(N_("Running"), "bolt", "busy"),
    SessionState.STOPPED: State(N_("Ended, still plugged in"), "square", "warn"),
    SessionState.ABANDONED: State(N_("Ended without a word"), "alert", "bad"),
    SessionState.CLOSED: State(N_("Ended"), "check", "done"),
}

CHARGING_STATE: Mapping[str, str] = {
    "Charging": N_("charging"),
    "EVConnected": N_("plugged in"),
    "SuspendedEV": N_("paused by the car"),
    "SuspendedEVSE": N_("paused by the pile"),
    "Idle": N_("not connected"),
    "Finishing": N_("finished, still plugged in"),
    "Preparing": N_("getting ready"),
}

FLAGS: Mapping[Flag, tuple[str, str]] = {
    Flag.TOKEN_NOT_ACCEPTED: (
        N_("Token not accepted"),
        N_(
            "The pile charged although the token was not accepted: usually it was offline and trusted its own list."
        ),
    ),
    Flag.MISSING_START: (
        N_("Start is missing"),
        N_(
            "The pile never told that the session started; its energy counts from the first reading that arrived."
        ),
    ),
    Flag.STARTED_OFFLINE: (
        N_("Started offline"),
        N_("The pile had no connection when the session started, and told of it afterwards."),
    ),
    Flag.PILE_CLOCK_WRONG: (
        N_("Clock of the pile is wrong"),
        N_("The pile's times could not be right; they were corrected by the time of arrival."),
    ),
    Flag.METER_DECREASED: (
        N_("Meter went backwards"),
        N_("The energy register fell during the session; the fall was left out, no energy is negative."),
    ),
    Flag.METER_IMPLAUSIBLE: (
        N_("Meter jumped"),
        N_(
            "The register rose by more than the pile can deliver: not billed before somebody has looked at it."
        ),
    ),
    Flag.AVAILABLE_WHILE_OPEN: (
        N_("Reported free while charging"),
        N_("The pile said Available while its session was open; the session went on."),
    ),
    Flag.NO_STOP: (
        N_("Stop is missing"),
        N_(
            "The pile never told that the session ended; it was closed by the next start, or after a long silence."
        ),
    ),
    Flag.EVENTS_MISSING: (
        N_("Messages are missing"),
        N_(
            "There are gaps in the numbers of the pile's messages; the register at both ends decides the energy."
        ),
    ),
    Flag.LATE_EVENTS: (
        N_("Messages came late"),
        N_("Messages arrived after the session had ended and were merged into it."),
    ),
    Flag.MESSAGE_REPAIRED: (
        N_("Message repaired"),
        N_("A message broke the rules of OCPP in a way that is known, and was mended before it was read."),
    ),
    Flag.RELEASED: (
        N_("Released"),
        N_("An operator has looked at the session and let it be billed."),
    ),
}

COMMAND: Mapping[CommandState, State] = {
    CommandState.QUEUED: State(N_("Waiting"), "clock", "off"),
    CommandState.SENT: State(N_("Sent"), "arrow", "busy"),
    CommandState.ACCEPTED: State(N_("Accepted"), "check", "good"),
    CommandState.REJECTED: State(N_("Rejected"), "cross", "bad"),
    CommandState.TIMED_OUT: State(N_("No answer"), "question", "warn"),
    CommandState.SUPERSEDED: State(N_("Superseded"), "minus", "off"),
    CommandState.UNKNOWN: State(N_("Outcome unknown"), "question", "unknown"),
}

REQUEST: Mapping[type, str] = {
    commands.RemoteStart: N_("Start a session"),
    commands.RemoteStop: N_("Stop a session"),
    commands.Reset: N_("Reset"),
    commands.UnlockConnector: N_("Unlock a connector"),
    commands.ChangeAvailability: N_("Change availability"),
    commands.TriggerMessage: N_("Ask for a message"),
    commands.GetConfiguration: N_("Read settings"),
    commands.ChangeConfiguration: N_("Write a setting"),
    commands.GetBaseReport: N_("Ask for a report"),
    commands.DataTransfer: N_("Vendor message"),
    commands.RawCall: N_("Raw OCPP call"),
}

REGISTRATION: Mapping[Registration, State] = {
    Registration.NEW: State(N_("Has never booted"), "dashed", "off"),
    Registration.PENDING: State(N_("Pending"), "clock", "warn"),
    Registration.ACCEPTED: State(N_("Accepted"), "check", "good"),
    Registration.REJECTED: State(N_("Rejected"), "cross", "bad"),
}

TOKEN: Mapping[TokenStatus, State] = {
    TokenStatus.ACCEPTED: State(N_("Accepted"), "check", "good"),
    TokenStatus.BLOCKED: State(N_("Blocked"), "cross", "bad"),
    TokenStatus.EXPIRED: State(N_("Expired"), "clock", "warn"),
    TokenStatus.UNKNOWN: State(N_("Unknown"), "question", "unknown"),
}

ROLE: Mapping[Role, str] = {
    Role.VIEWER: N_("Viewer"),
    Role.OPERATOR: N_("Operator"),
    Role.ADMIN: N_("Administrator"),
}

COMPONENT: Mapping[str, str] = {
    "ELECTRICITY": N_("Electricity fee"),
    "SERVICE": N_("Service fee"),
    "TIME": N_("Charging time"),
    "IDLE": N_("Idle time"),
    "SESSION": N_("Per session"),
    "MIN_PRICE": N_("Raised to the minimum price"),
    "MAX_PRICE": N_("Lowered to the maximum price"),
}

# (path, label, icon, who may see it)
NAVIGATION = (
    ("/", N_("Overview"), "overview", Role.VIEWER),
    ("/stations", N_("Stations"), "station", Role.VIEWER),
    ("/piles", N_("Piles"), "pile", Role.VIEWER),
    ("/sessions", N_("Sessions"), "session", Role.VIEWER),
    ("/tariffs", N_("Tariffs"), "tariff", Role.VIEWER),
    ("/tokens", N_("Tokens"), "token", Role.VIEWER),
    ("/audit", N_("Audit"), "audit", Role.OPERATOR),
)
THEME = {
    "auto": (N_("Theme as the system"), "half"),
    "light": (N_("Light theme"), "sun"),
    "dark": (N_("Dark theme"), "moon"),
}

# What a unit price is per, by the unit of the quantity.
PER = {"Wh": "/kWh", "s": "/min", "1": ""}

KIND = {"started": N_("Start"), "updated": N_("Update"), "ended": N_("End")}


def in_order(evses: Mapping[EvseStatus, int]) -> list[tuple[EvseStatus, int]]:
    """Return counts by status in the order in which they are shown."""
    return [(status, evses[status]) for status in EVSE_ORDER if evses.get(status)]


def request_label(request: commands.Request) -> str:
    """Return what a command does, untranslated."""
    return REQUEST[type(request)]


def worst_of(evses: Iterable[Evse]) -> State:
    """Return the worst state among EVSEs; nothing reported is unknown."""
    found = {evse.status for evse in evses if evse.evse_id}
    return next((state for status, state in EVSE.items() if status in found), EVSE[EvseStatus.UNKNOWN])


DAYS = {
    "MONDAY": N_("Mon"),
    "TUESDAY": N_("Tue"),
    "WEDNESDAY": N_("Wed"),
    "THURSDAY": N_("Thu"),
    "FRIDAY": N_("Fri"),
    "SATURDAY": N_("Sat"),
    "SUNDAY": N_("Sun"),
}


def restrictions(found: Restrictions, t: Callable[[str], str], fmt: Formats) -> list[str]:
    """Return in words when an element of a tariff applies; nothing: always."""
    ranges = (
        (found.start_time, found.end_time, "24:00", str),
        (found.start_date, found.end_date, "…", fmt.day),
        (found.min_wh, found.max_wh, "…", fmt.energy),
        (found.min_duration_s, found.max_duration_s, "…", lambda s: fmt.duration(timedelta(seconds=s))),
        (found.min_power_w, found.max_power_w, "…", fmt.power),
    )
    days = [", ".join(t(DAYS[day]) for day in found.days)] if found.days else []
    return days + [_range(*one) for one in ranges if one[0] is not None or one[1] is not None]


def _range(low: Any, high: Any, open_end: str, shown: Callable[[Any], str]) -> str:
    start = "0:00" if low is None and open_end == "24:00" else "0" if low is None else shown(low)
    return f"{start} – {open_end if high is None else shown(high)}"


def version(subprotocol: str) -> str:
    """Return the version of OCPP that a subprotocol names: ocpp2.0.1 is 2.0.1."""
    return subprotocol.removeprefix("ocpp")
