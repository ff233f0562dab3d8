"""The charging profiles that a virtual pile was given, reduced to a ceiling on power and current.

The lowest limit of every profile in force counts; stack levels replace each other within one purpose and EVSE.
Recurring schedules are taken as absolute ones.
"""

from collections.abc import Iterable
from datetime import datetime
from math import inf

import msgspec


class Ceiling(msgspec.Struct, frozen=True):
    """W and A that may not be exceeded."""

    power_w: float = inf
    current_a: float = inf


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """A charging profile in neither version's words; `evse_id` 0 is the whole pile; `unit` is W or A.

    `periods` are (seconds after `start`, limit), by rising time.
    """

    id: int
    evse_id: int
    purpose: str
    stack_level: int
    unit: str
    start: datetime
    duration_s: float | None
    valid_from: datetime | None
    valid_to: datetime | None
    periods: tuple[tuple[float, float], ...]


def replace(profiles: Iterable[Profile], new: Profile) -> tuple[Profile, ...]:
    """OCPP 1.6 §5.16.3: same id, or same stack level and purpose (on the same EVSE): the new one replaces it."""
    place = (new.evse_id, new.purpose, new.stack_level)
    kept = (p for p in profiles if p.id != new.id and (p.evse_id, p.purpose, p.stack_level) != place)
    return (*kept, new)


def ceiling(profiles: Iterable[Profile], evse_id: int, now: datetime) -> Ceiling:
    """What the profiles of this EVSE (0: those of the whole pile) allow now."""
    ours = [p for p in profiles if p.evse_id == evse_id]
    tops = {p.purpose: p for p in sorted(ours, key=lambda p: p.stack_level) if _limit(p, now) is not None}
    limits = [(p.unit, _limit(p, now) or 0.0) for p in tops.values()]
    return Ceiling(
        min((limit for unit, limit in limits if unit == "W"), default=inf),
        min((limit for unit, limit in limits if unit == "A"), default=inf),
    )


def _limit(profile: Profile, now: datetime) -> float | None:
    """The limit of the period in force; None if the profile is not."""
    if profile.valid_from is not None and now < profile.valid_from:
        return None
    if profile.valid_to is not None and now >= profile.valid_to:
        return None
    elapsed = (now - profile.start).total_seconds()
    if profile.duration_s is not None and elapsed >= profile.duration_s:
        return None
    begun = [limit for start, limit in profile.periods if start <= elapsed]
    return begun[-1] if begun else None
