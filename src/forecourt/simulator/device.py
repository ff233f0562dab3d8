"""The body of a virtual pile: EVSEs, the cars at them, the meter, the limits. No socket, no task, no clock."""

from collections.abc import Callable
from datetime import datetime
from enum import Enum, StrEnum

import msgspec

from forecourt.simulator import ceilings
from forecourt.simulator.ceilings import Profile
from forecourt.simulator.network import DemoPile, DemoToken
from forecourt.simulator.settings import Setting, Settings
from forecourt.twin import cars
from forecourt.twin.cars import CarState


class Plug(Enum):
    """What goes on at an EVSE, in the words of neither version."""

    FREE = "free"
    PLUGGED = "plugged"
    CHARGING = "charging"
    SUSPENDED = "suspended"  # by the car: it is full
    FINISHING = "finishing"  # the transaction is over, the car is still there


class Moment(StrEnum):
    """What happens in the course of a charge; each version has its own message for it, or none."""

    PLUGGED = "plugged"
    AUTHORIZED = "authorized"
    CHARGING = "charging"
    SAMPLE = "sample"
    TRIGGERED = "triggered"
    SUSPENDED = "suspended"
    STOPPED = "stopped"


class Cause(StrEnum):
    """Why a transaction ended."""

    DRIVER = "driver"
    SOC = "state of charge reached"
    REMOTE = "remote"
    DEAUTHORIZED = "deauthorized"
    SOFT_RESET = "soft reset"
    HARD_RESET = "hard reset"
    UNLOCK = "unlock"
    UNPLUGGED = "unplugged"


class Identity(msgspec.Struct, frozen=True):
    """What a driver presents; `type` is the OCPP 2.0.1 IdTokenEnumType."""

    uid: str
    type: str


class Charge(msgspec.Struct, kw_only=True):
    """A transaction. `number` is 1.6's id, which the central system gives; `id` is ours, for 2.0.1."""

    id: str
    seq_no: int = 0
    number: int | None = None
    identity: Identity | None = None
    remote_start_id: int | None = None
    begun: bool = False
    cause: Cause | None = None


class RemoteStart(msgspec.Struct, frozen=True):
    identity: Identity
    remote_start_id: int | None = None


class Evse(msgspec.Struct, kw_only=True):
    """`remote`: a remote start that waits for its driver; `told`: the status that was reported last.

    `wake` interrupts what the EVSE's life is waiting for.
    """

    id: int
    meter_wh: float
    plug: Plug = Plug.FREE
    car: CarState | None = None
    charge: Charge | None = None
    remote: RemoteStart | None = None
    operative: bool = True
    told: str = ""
    wake: Callable[[], None] = lambda: None

    @property
    def register_wh(self) -> int:
        """What the display of the meter shows: whole Wh."""
        return int(self.meter_wh)

    def stop(self, cause: Cause) -> bool:
        """End the transaction as soon as its life gets to it. False if there is none, or it is ending."""
        if self.charge is None or self.charge.cause is not None:
            return False
        self.charge.cause = cause
        self.wake()
        return True

    def take(self, seconds: float, power_w: float, current_a: float) -> None:
        """Let the car take what it takes in so many seconds under these limits, and count it on the meter."""
        assert self.car is not None
        after = cars.step(self.car, power_w, current_a, seconds)
        self.meter_wh += after.stored_wh - self.car.stored_wh
        self.car = after


class Reading(msgspec.Struct, frozen=True):
    """One reading of all measurands of an EVSE: whole Wh and W, % with a tenth, V and A with a tenth."""

    energy_wh: int
    power_w: int
    soc_percent: float
    voltage_v: float
    current_a: float


class Device:
    """One pile. Its power is shared in equal parts among the EVSEs that are charging."""

    def __init__(self, spec: DemoPile, drivers: tuple[DemoToken, ...], meters_wh: tuple[float, ...]) -> None:
        self.spec = spec
        self.drivers = drivers
        self.evses = tuple(Evse(id=number + 1, meter_wh=wh) for number, wh in enumerate(meters_wh))
        self.settings = Settings(
            (
                Setting(key="NumberOfConnectors", value=str(len(self.evses)), access="ReadOnly"),
                Setting(
                    component="ChargingStation",
                    variable="SupplyPower",
                    value=str(spec.power_w),
                    access="ReadOnly",
                ),
            )
        )
        self.profiles: tuple[Profile, ...] = ()

    def evse(self, number: int) -> Evse | None:
        return next((evse for evse in self.evses if evse.id == number), None)

    def limits(self, evse: Evse, now: datetime) -> tuple[float, float]:
        """(W, A) that this EVSE may give now: its share of the pile, under the ceilings of the profiles."""
        sharing = sum(1 for other in self.evses if other.plug is Plug.CHARGING) or 1
        whole = ceilings.ceiling(self.profiles, 0, now)
        own = ceilings.ceiling(self.profiles, evse.id, now)
        power_w = min(self.spec.power_w, whole.power_w) / sharing
        current_a = min(self.spec.max_current_a, whole.current_a / sharing, own.current_a)
        return min(power_w, own.power_w), current_a

    def reading(self, evse: Evse, now: datetime) -> Reading:
        """What the meter and the car report now; without a car, the register alone is not zero."""
        if evse.car is None:
            return Reading(evse.register_wh, 0, 0.0, 0.0, 0.0)
        soc = evse.car.soc_percent
        voltage = cars.pack_voltage_v(evse.car.model, soc)
        flows = evse.plug is Plug.CHARGING
        power = cars.power_w(evse.car.model, soc, *self.limits(evse, now)) if flows else 0.0
        return Reading(
            evse.register_wh, round(power), round(soc, 1), round(voltage, 1), round(power / voltage, 1)
        )

    def wake_all(self) -> None:
        """Something changed for every EVSE: limits, or how many share the pile's power."""
        for evse in self.evses:
            evse.wake()
