"""Who comes when: the visits of cars to a pile, drawn from a random generator that is handed in.

The shape of the day and the drivers' habits below are assumptions, chosen to look like a public fast-charging
site (a noon and an evening peak, a bump at the start of the cheap night hours); no measured profile stands
behind them, and whoever plans with them gives their own.
"""

from collections.abc import Sequence
from itertools import count
from typing import Protocol

import msgspec

from forecourt.twin.cars import CarModel


class Random(Protocol):
    """What is used of `random.Random`."""

    def random(self) -> float: ...
    def expovariate(self, lambd: float, /) -> float: ...
    def triangular(self, low: float, high: float, mode: float, /) -> float: ...


class Visit(msgspec.Struct, frozen=True):
    """One car's visit: it charges from start to target and unplugs `linger_s` seconds after it is done."""

    model: CarModel
    start_soc_percent: float
    target_soc_percent: float
    linger_s: float


# Arrivals of a day by local hour, relative. Assumed.
ARRIVALS_BY_HOUR = (
    *(44, 26, 16, 12, 10, 14, 22, 34, 40, 42, 44, 50),
    *(58, 52, 46, 44, 46, 52, 56, 52, 46, 44, 48, 52),
)
# (share of drivers, where they stop in %). Assumed: most leave the slow end of the curve to others.
TARGETS = ((0.62, 80.0), (0.26, 90.0), (0.12, 100.0))
# Share of drivers who leave their car at the plug well after it is done. Assumed.
IDLERS = 0.2


def seconds_to_next(rng: Random, hour: float, visits_per_day: float) -> float:
    """Seconds from `hour` (local, 0 ≤ hour < 24) to the next arrival of a Poisson process.

    Its rate follows `ARRIVALS_BY_HOUR` and brings `visits_per_day` > 0 on the average day.
    """
    wanted = rng.expovariate(1.0)
    per_weight = visits_per_day / sum(ARRIVALS_BY_HOUR)
    left_of_hour = 1.0 - hour % 1.0
    hours = 0.0
    for index in count(int(hour)):
        rate = ARRIVALS_BY_HOUR[index % 24] * per_weight
        if wanted <= rate * left_of_hour:
            break
        wanted -= rate * left_of_hour
        hours, left_of_hour = hours + left_of_hour, 1.0
    return (hours + wanted / rate) * 3600


def draw_visit(rng: Random, models: Sequence[CarModel]) -> Visit:
    """A visit of one of `models`, each as likely as the other."""
    model = models[int(rng.random() * len(models))]
    return Visit(
        model=model,
        start_soc_percent=rng.triangular(4, 62, 20),
        target_soc_percent=_target(rng.random()),
        linger_s=_linger_s(rng),
    )


def _target(share: float) -> float:
    for part, soc in TARGETS:
        if share < part:
            return soc
        share -= part
    return TARGETS[-1][1]


def _linger_s(rng: Random) -> float:
    if rng.random() < IDLERS:
        return rng.triangular(300, 3600, 900)
    return rng.triangular(20, 240, 60)
