"""The life of an EVSE: a car comes, is plugged in, authorised, charged, stopped, taken away; then the next.

It goes on whether the line is up or not; what it has to tell waits in the line's queue.
"""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from math import inf
from random import Random
from zoneinfo import ZoneInfo

import msgspec

from forecourt.simulator.device import Cause, Charge, Evse, Identity, Moment, Plug
from forecourt.simulator.line import Refused
from forecourt.simulator.operations import Operations
from forecourt.simulator.settings import SAMPLE
from forecourt.twin.arrivals import Visit, draw_visit, seconds_to_next
from forecourt.twin.cars import CarModel, car_at, seconds_to

MIN_SAMPLE_S = 1.0  # real seconds: no factor makes a pile talk faster than that
FIRST_SAMPLE_S = 5.0  # a charge shows its power soon after it began
EPSILON_SOC = 1e-6


class Traffic(msgspec.Struct, frozen=True, kw_only=True):
    """Which cars come and how many a day to each EVSE; `busy_at_start`: share of EVSEs that begin with a car.

    `visits_per_day` 0: nobody comes by himself. `first`: the visit with which each EVSE begins, instead of one by chance.
    """

    models: tuple[CarModel, ...]
    time_zone: str
    visits_per_day: float = 24.0
    busy_at_start: float = 0.45
    first: Visit | None = None


class Life:
    """One EVSE. `charge_ids` name its transactions; none may have been used before."""

    def __init__(
        self, evse: Evse, operations: Operations, traffic: Traffic, rng: Random, charge_ids: Iterator[str]
    ) -> None:
        self.evse = evse
        self.operations = operations
        self.device = operations.device
        self.line = operations.line
        self.words = operations.words
        self.clock = operations.clock
        self.traffic = traffic
        self.rng = rng
        self._zone = ZoneInfo(traffic.time_zone)
        self._charge_ids = charge_ids
        self._pause: asyncio.Future[None] | None = None
        self._drivers: Sequence[Identity] = [Identity(d.uid, d.type) for d in self.device.drivers]
        evse.wake = self._wake

    async def run(self) -> None:
        """For ever."""
        if self.traffic.first is not None:
            await self.visit(self.traffic.first)
        elif self.rng.random() < self.traffic.busy_at_start:
            await self.visit(self._begun_visit())
        while True:
            await self._wait_for_a_driver()
            if self.evse.operative:
                await self.visit(draw_visit(self.rng, self.traffic.models))

    async def visit(self, visit: Visit) -> None:
        """One car, from plug-in to unplug."""
        evse = self.evse
        evse.car = car_at(visit.model, visit.start_soc_percent)
        evse.charge = Charge(id=next(self._charge_ids))
        self._change(Plug.PLUGGED, Moment.PLUGGED)
        if await self._authorize():
            await self._charge(visit)
            self._end(Plug.FINISHING)
            await self._rest(visit.linger_s)
            self._change(Plug.FREE)
        else:
            await self._rest(self.rng.uniform(10, 30))
            self._end(Plug.FREE)
        evse.car = None

    # --- the driver

    async def _wait_for_a_driver(self) -> None:
        """Until the next arrival, or a few seconds after a remote start."""
        await self._rest(self._seconds_to_arrival(), lambda: self.evse.remote is not None)
        if self.evse.remote is not None:
            await self._rest(self.rng.uniform(3, 15))

    def _seconds_to_arrival(self) -> float:
        if not self.traffic.visits_per_day:
            return timedelta(days=3650).total_seconds()
        local = self.clock.now().astimezone(self._zone)
        hour = local.hour + local.minute / 60 + local.second / 3600
        return seconds_to_next(self.rng, hour, self.traffic.visits_per_day)

    def _begun_visit(self) -> Visit:
        """Somebody who came before the simulation began: anywhere between start and target."""
        visit = draw_visit(self.rng, self.traffic.models)
        soc = self.rng.uniform(visit.start_soc_percent, visit.target_soc_percent - 5)
        return msgspec.structs.replace(visit, start_soc_percent=soc)

    async def _authorize(self) -> bool:
        """Present a token, or be authorised from afar. Without an answer the pile lets the driver charge."""
        charge = self.evse.charge
        assert charge is not None
        evse = self.evse
        await self._rest(self.rng.uniform(4, 12), lambda: bool(evse.remote or charge.cause))
        if charge.cause is not None:
            return False
        if (remote := evse.remote) is not None:
            charge.identity, charge.remote_start_id = remote.identity, remote.remote_start_id
            evse.remote = None
        elif (identity := await self._present()) is None:
            return False
        else:
            charge.identity = identity
        self._tell(Moment.AUTHORIZED)
        return True

    async def _present(self) -> Identity | None:
        """The driver's token, if the central system does not refuse it."""
        identity = self._drivers[self.rng.randrange(len(self._drivers))]
        answer = await self.line.ask("Authorize", self.words.authorize(identity))
        allowed = isinstance(answer, Refused) or self.words.authorized(answer)
        return identity if allowed else None

    # --- the charge

    async def _charge(self, visit: Visit) -> None:
        charge = self.evse.charge
        assert charge is not None
        charge.begun = True
        self.line.tally["charges"] += 1
        self._change(Plug.CHARGING, Moment.CHARGING)
        self.device.wake_all()
        await self._fill(visit.target_soc_percent)
        if charge.cause is None and visit.target_soc_percent >= 100:
            self._change(Plug.SUSPENDED, Moment.SUSPENDED)
            await self._rest(visit.linger_s / 2, lambda: charge.cause is not None)
        if charge.cause is None:
            charge.cause = Cause.DRIVER if self.evse.plug is Plug.SUSPENDED else Cause.SOC

    async def _fill(self, target: float) -> None:
        """Charge to the target, sampling on the way; a stop, or other limits, end the step early."""
        evse, charge = self.evse, self.evse.charge
        assert charge is not None
        at = self.clock.now()
        sample = at + timedelta(seconds=self._sample_s(FIRST_SAMPLE_S))
        while charge.cause is None and evse.car is not None and evse.car.soc_percent < target - EPSILON_SOC:
            limits = self.device.limits(evse, at)
            left = seconds_to(evse.car, target, *limits)
            await self._wait(min(left, (sample - at).total_seconds()))
            now = self.clock.now()
            evse.take(min(left, (now - at).total_seconds()), *limits)
            at = now
            if now >= sample:
                self._tell(Moment.SAMPLE)
                sample = now + timedelta(seconds=self._sample_s())

    def _sample_s(self, most: float = inf) -> float:
        """Business seconds to the next meter values; 0 in the setting means none (1.6 §9.1)."""
        asked = self.device.settings.seconds(SAMPLE)
        if not asked:
            return timedelta(days=365).total_seconds()
        return max(min(asked, most), MIN_SAMPLE_S * self.clock.speed)

    def _end(self, plug: Plug) -> None:
        """The transaction is over. A driver who was never authorised just unplugs."""
        charge = self.evse.charge
        assert charge is not None
        charge.cause = charge.cause or Cause.UNPLUGGED
        self._change(plug, Moment.STOPPED)
        self.evse.charge = None
        self.device.wake_all()
        self.operations.became_idle()

    # --- telling and waiting

    def _change(self, plug: Plug, moment: Moment | None = None) -> None:
        self.evse.plug = plug
        self.operations.tell_status(self.evse)
        if moment is not None:
            self._tell(moment)

    def _tell(self, moment: Moment) -> None:
        now = self.clock.now()
        reading = self.device.reading(self.evse, now)
        self.line.tell(
            self.words.transaction_message(moment, self.evse, reading, now, offline=not self.line.ready)
        )

    async def _rest(self, seconds: float, until: Callable[[], bool] = lambda: False) -> None:
        """So many business seconds, or until what is waited for is so."""
        due = self.clock.now() + timedelta(seconds=seconds)
        while not until() and (left := (due - self.clock.now()).total_seconds()) > 0:
            await self._wait(left)

    async def _wait(self, seconds: float) -> None:
        """So many business seconds, or until `wake`."""
        loop = asyncio.get_running_loop()
        self._pause = loop.create_future()
        timer = loop.call_later(min(max(seconds, 0) / self.clock.speed, 86400), self._wake)
        try:
            await self._pause
        finally:
            timer.cancel()
            self._pause = None

    def _wake(self) -> None:
        if self._pause is not None and not self._pause.done():
            self._pause.set_result(None)
