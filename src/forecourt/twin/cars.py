"""Cars as a pile sees them: how much power each takes at which state of charge, and what a while brings.

Power over stored energy is piecewise linear: the car's curve, the cable's current times the pack's voltage
and the pile's limit are three lines, and the car takes the lowest. Between two knots dE/dt = a + b·E, which
has a closed solution, so `step` is exact: one step of an hour gives what 3,600 steps of a second give.

Energy is measured at the plug and taken to be what the pack stores: the car's own losses while charging are
inside its published curve.
"""

import csv
from functools import lru_cache
from itertools import pairwise
from math import expm1, inf, log1p

import msgspec

Line = tuple[tuple[float, float], ...]
"""Knots of a piecewise linear function, by rising abscissa."""


class CarModel(msgspec.Struct, frozen=True):
    """A model of car; `curve` is state of charge in % → power in W.

    `quality`: A published curve, B calibrated to the published time, C specification only.
    """

    name: str
    voltage_class_v: int
    capacity_wh: int
    peak_w: int
    minutes_10_80: float
    minutes_10_80_by_curve: float
    quality: str
    curve: Line
    source: str

    @property
    def brand(self) -> str:
        """The make, which is the first word of the name."""
        return self.name.split(maxsplit=1)[0]


class CarState(msgspec.Struct, frozen=True):
    """A car at a pile: what its pack holds now, in Wh with its fraction."""

    model: CarModel
    stored_wh: float

    @property
    def soc_percent(self) -> float:
        return 100 * self.stored_wh / self.model.capacity_wh


def car_at(model: CarModel, soc_percent: float) -> CarState:
    return CarState(model, model.capacity_wh * soc_percent / 100)


def parse_cars(text: str) -> tuple[CarModel, ...]:
    """The models of a vehicles table (CSV, as `twin/data/vehicles.csv`)."""
    return tuple(_car(row) for row in csv.DictReader(text.splitlines()))


def _car(row: dict[str, str]) -> CarModel:
    return CarModel(
        name=row["name"],
        voltage_class_v=int(row["voltage_class_v"]),
        capacity_wh=round(float(row["net_kwh"]) * 1000),
        peak_w=round(float(row["peak_kw_published"]) * 1000),
        minutes_10_80=float(row["minutes_10_80_published"]),
        minutes_10_80_by_curve=float(row["minutes_10_80_by_curve"]),
        quality=row["quality"],
        curve=_curve(row["curve_soc_percent_to_kw"]),
        source=row["source"],
    )


def _curve(text: str) -> Line:
    knots = (knot.split(":") for knot in text.split(";"))
    return tuple((float(soc), float(kw) * 1000) for soc, kw in knots)


def pack_voltage_v(model: CarModel, soc_percent: float) -> float:
    """Voltage of the pack under charge: 85 % of its class when empty, rising to the class when full.

    A stated simplification: 680 … 800 V for the 800 V class, 340 … 400 V for the 400 V class.
    """
    return model.voltage_class_v * (0.85 + 0.15 * soc_percent / 100)


def power_w(model: CarModel, soc_percent: float, limit_w: float, max_a: float) -> float:
    """What the car takes at this state of charge from a pile that offers `limit_w` and `max_a`."""
    by_current = max_a * pack_voltage_v(model, soc_percent)
    return max(0.0, min(_at(model.curve, soc_percent), by_current, limit_w))


def step(state: CarState, limit_w: float, max_a: float, dt_s: float) -> CarState:
    """The car after `dt_s` seconds at the plug; a full pack takes nothing more."""
    stored, _ = _walk(_intake(state.model, limit_w, max_a), state.stored_wh, dt_s / 3600, inf)
    return CarState(state.model, stored)


def seconds_to(state: CarState, soc_percent: float, limit_w: float, max_a: float) -> float:
    """How long until the car has `soc_percent`; infinite if it never gets there."""
    target = state.model.capacity_wh * soc_percent / 100
    stored, hours = _walk(_intake(state.model, limit_w, max_a), state.stored_wh, inf, target)
    return hours * 3600 if stored >= target else inf


def _at(line: Line, x: float) -> float:
    for (x0, y0), (x1, y1) in pairwise(line):
        if x <= x1:
            return y0 + (y1 - y0) * (max(x, x0) - x0) / (x1 - x0)
    return line[-1][1]


@lru_cache(maxsize=4096)
def _intake(model: CarModel, limit_w: float, max_a: float) -> Line:
    """Stored Wh → W for this car at this pile: knots wherever one of the three lines takes over."""
    cuts = {soc for soc, _ in model.curve}
    for (x0, y0), (x1, y1) in pairwise(model.curve):
        slope = (y1 - y0) / (x1 - x0)
        curve = (y0 - slope * x0, slope)
        cable = (max_a * pack_voltage_v(model, 0), max_a * model.voltage_class_v * 0.0015)
        offer = (limit_w, 0.0)
        crossings = (_crossing(a, b) for a, b in ((curve, cable), (curve, offer), (cable, offer)))
        cuts.update(x for x in crossings if x0 < x < x1)
    to_wh = model.capacity_wh / 100
    return tuple((soc * to_wh, power_w(model, soc, limit_w, max_a)) for soc in sorted(cuts))


def _crossing(a: tuple[float, float], b: tuple[float, float]) -> float:
    return (b[0] - a[0]) / (a[1] - b[1]) if a[1] != b[1] else inf


def _walk(intake: Line, stored_wh: float, hours: float, until_wh: float) -> tuple[float, float]:
    """Charge for at most `hours` or until `until_wh`: (Wh stored then, hours used)."""
    used = 0.0
    for (x0, y0), (x1, y1) in pairwise(intake):
        stop = min(x1, until_wh)
        if stored_wh >= stop:
            continue
        slope = (y1 - y0) / (x1 - x0)
        power = y0 + slope * (stored_wh - x0)
        needed = _hours(stop - stored_wh, power, slope)
        if needed > hours - used or needed == inf:
            return stored_wh + _energy(hours - used, power, slope), hours
        stored_wh, used = stop, used + needed
    return stored_wh, used


def _hours(energy_wh: float, power: float, slope: float) -> float:
    """How long until the pack holds `energy_wh` more, on a line that offers `power` now."""
    if power <= 0 or slope * energy_wh <= -power:
        return inf
    return energy_wh / power if slope == 0 else log1p(slope * energy_wh / power) / slope


def _energy(hours: float, power: float, slope: float) -> float:
    """What `hours` on such a line bring, in Wh."""
    if power <= 0:
        return 0.0
    return power * hours if slope == 0 else power * expm1(slope * hours) / slope
