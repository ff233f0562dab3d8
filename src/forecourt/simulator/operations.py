"""What a central system can make a virtual pile do, in the words of neither version."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Literal

from forecourt.clock import ScaledClock
from forecourt.ocpp.version import Version
from forecourt.simulator import ceilings
from forecourt.simulator.ceilings import Profile
from forecourt.simulator.device import Cause, Charge, Device, Evse, Moment, Plug, RemoteStart
from forecourt.simulator.line import Line
from forecourt.simulator.message import Words
from forecourt.simulator.settings import HEARTBEAT, PASSWORD, SAMPLE, Refusal, Setting

Change = Literal["Accepted", "Scheduled", "Rejected"]
Trigger = Literal["Accepted", "Rejected", "NotImplemented"]


class Operations:
    """`boot` sends a BootNotification; `restart` hangs up and boots anew, giving a reason."""

    def __init__(self, device: Device, line: Line, words: Words, clock: ScaledClock) -> None:
        self.device = device
        self.line = line
        self.words = words
        self.clock = clock
        self.boot: Callable[[str], None] = lambda reason: None
        self.restart: Callable[[str, bool], None] = lambda reason, at_once: None
        self.reconnect: Callable[[], None] = lambda: None
        self.beat: Callable[[], None] = lambda: None
        self._reset_when_idle = False
        self._triggers: dict[str, Callable[[Sequence[Evse]], None]] = {
            "BootNotification": lambda evses: self.boot("Triggered"),
            "Heartbeat": lambda evses: self.line.send("Heartbeat", self.words.heartbeat()),
            "StatusNotification": self.tell_all,
            "MeterValues": self._tell_meters,
        }
        if line.version is not Version.V16:
            self._triggers["TransactionEvent"] = self._tell_transactions

    # --- transactions

    def start(self, evse_id: int | None, remote: RemoteStart) -> Evse | None:
        """The EVSE at which the driver will start; None if there is none to start at."""
        wanted = [self.device.evse(evse_id)] if evse_id else self.device.evses
        for evse in wanted:
            if evse is not None and _can_start(evse):
                evse.remote = remote
                evse.wake()
                return evse
        return None

    def stop(self, is_meant: Callable[[Charge], bool]) -> bool:
        """Stop the transaction that is meant. False if it is not running here."""
        running = (evse for evse in self.device.evses if evse.charge is not None and is_meant(evse.charge))
        return any(evse.stop(Cause.REMOTE) for evse in running)

    # --- availability

    def change_availability(self, evse_id: int, operative: bool) -> Change:
        """`evse_id` 0 is the whole pile. During a transaction it takes effect afterwards (1.6 §5.2)."""
        meant = self.device.evses if evse_id == 0 else (self.device.evse(evse_id),)
        evses = [evse for evse in meant if evse is not None]
        if not evses:
            return "Rejected"
        for evse in evses:
            evse.operative = operative
            self.line.after_reply(partial(self.tell_status, evse))
        return "Scheduled" if any(evse.charge is not None for evse in evses) else "Accepted"

    def tell_status(self, evse: Evse, *, again: bool = False) -> None:
        """Report the status if it is not what was reported last, or `again`."""
        state = self.words.state(evse)
        if self.line.ready and (again or state != evse.told):
            evse.told = state
            self.line.send("StatusNotification", self.words.status(evse, self.clock.now()))

    # --- reset

    def reset(self, cause: Cause, reason: str) -> None:
        """End what runs and start anew. A hard reset cuts the line before anything can be told."""
        if cause is Cause.HARD_RESET:
            self.line.ready = False
        for evse in self.device.evses:
            evse.stop(cause)
        self.line.after_reply(lambda: self.restart(reason, cause is Cause.HARD_RESET))

    def reset_when_idle(self) -> Change:
        """OCPP 2.0.1 B12: after the last transaction."""
        if all(evse.charge is None for evse in self.device.evses):
            self.reset(Cause.SOFT_RESET, "RemoteReset")
            return "Accepted"
        self._reset_when_idle = True
        return "Scheduled"

    def became_idle(self) -> None:
        """A transaction is over: the moment for a scheduled reset."""
        if self._reset_when_idle and all(evse.charge is None for evse in self.device.evses):
            self._reset_when_idle = False
            self.restart("ScheduledReset", False)

    # --- messages on request

    def trigger(self, message: str, evse_id: int | None) -> Trigger:
        """Send it after the answer. `evse_id` None or 0: for every EVSE."""
        evses = [evse for evse in self.device.evses if not evse_id or evse.id == evse_id]
        act = self._triggers.get(message)
        if act is None:
            return "NotImplemented"
        if not evses:
            return "Rejected"
        self.line.after_reply(partial(act, evses))
        return "Accepted"

    def tell_all(self, evses: Sequence[Evse]) -> None:
        for evse in evses:
            self.tell_status(evse, again=True)

    def _tell_meters(self, evses: Sequence[Evse]) -> None:
        now = self.clock.now()
        for evse in evses:
            reading = self.device.reading(evse, now)
            self.line.send("MeterValues", self.words.meter_values(evse, reading, now))

    def _tell_transactions(self, evses: Sequence[Evse]) -> None:
        now = self.clock.now()
        for evse in evses:
            reading = self.device.reading(evse, now)
            self.line.tell(self.words.transaction_message(Moment.TRIGGERED, evse, reading, now, False))

    # --- settings and limits

    def change_setting(self, setting: Setting | None, value: str) -> Refusal | None:
        refusal = self.device.settings.change(setting, value)
        if refusal is None and setting is PASSWORD:
            self.line.after_reply(self.reconnect)
        elif refusal is None and setting is HEARTBEAT:
            self.beat()
        elif refusal is None and setting is SAMPLE:
            self.device.wake_all()
        return refusal

    def set_profile(self, profile: Profile) -> bool:
        if profile.evse_id and self.device.evse(profile.evse_id) is None:
            return False
        self.device.profiles = ceilings.replace(self.device.profiles, profile)
        self.device.wake_all()
        return True

    def clear_profiles(self, is_meant: Callable[[Profile], bool]) -> bool:
        """False if none was meant."""
        kept = tuple(profile for profile in self.device.profiles if not is_meant(profile))
        cleared = len(kept) < len(self.device.profiles)
        self.device.profiles = kept
        self.device.wake_all()
        return cleared


def _can_start(evse: Evse) -> bool:
    waiting = evse.plug is Plug.FREE or (evse.plug is Plug.PLUGGED and not _authorized(evse))
    return waiting and evse.operative and evse.remote is None


def _authorized(evse: Evse) -> bool:
    return evse.charge is not None and evse.charge.identity is not None
