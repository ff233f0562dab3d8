"""The bounds of an Endpoint; one object is shared by all connections."""

import msgspec


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """Times in seconds, sizes in bytes.

    An idle endpoint with the defaults takes about 2 kB.
    """

    call_timeout: float = 30.0
    max_queue: int = 32  # our CALLs that wait for their turn
    late_memory: int = 8  # our timed-out CALLs whose late answers are recognised
    max_unanswered: int = 32  # CALLs of the peer, repeated frames included, that have no answer yet
    answer_memory: int = 4  # remembered answers; the newest is kept whatever its size
    answer_bytes: int = 1024  # their size together
    # A frame repeated later than this is evaluated anew: some piles use one message id for ever, and the
    # time in a Heartbeat's answer or the status in an Authorize's must not be that of yesterday. Transaction
    # messages are recognised by their meaning after that.
    answer_life: float = 60.0
