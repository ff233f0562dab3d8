"""One reading of a charging point's energy register."""

from datetime import datetime

import msgspec


class Reading(msgspec.Struct, frozen=True, array_like=True):
    """What the register showed and when: `at` is an aware instant, `register_wh` counts up in Wh."""

    at: datetime
    register_wh: int
