"""The network at a glance."""

from datetime import UTC
from typing import Annotated
from zoneinfo import ZoneInfo, available_timezones

from litestar import get
from litestar.params import QueryParameter

from forecourt.api.inputs import Sv
from forecourt.api.problem import MALFORMED, FieldError, ProblemError
from forecourt.store.reads.overview import Overview

Zone = Annotated[
    str, QueryParameter(max_length=64, description="IANA name of the time zone in which today began.")
]


@get("/overview", tags=["Network"])
async def get_overview(sv: Sv, time_zone: Zone = "UTC") -> Overview:
    """Show the network now, and today's business: piles, EVSEs by status, power, sessions, energy, revenue."""
    if time_zone not in available_timezones():
        problem = "this is no IANA time zone: write it as Asia/Shanghai"
        raise ProblemError(MALFORMED, f"query.time_zone: {problem}", [FieldError("query.time_zone", problem)])
    now = sv.clock.now()
    midnight = now.astimezone(ZoneInfo(time_zone)).replace(hour=0, minute=0, second=0, microsecond=0)
    return await sv.store.overview(now, midnight.astimezone(UTC))


HANDLERS = (get_overview,)
