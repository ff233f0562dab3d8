"""A meter or transaction message as it is stored: the row of the tail is MessagePack, its meter values inside."""

from datetime import datetime

import msgspec

from forecourt.domain.meter import MeterValue
from forecourt.domain.session import MeterEntry


class MeterRecord(msgspec.Struct, frozen=True, array_like=True):
    """A stored meter or transaction message. `at` is the corrected time, `pile_at` the pile's, `received_at` ours."""

    key: int
    evse_id: int
    seq_no: int | None
    kind: str
    at: datetime
    pile_at: datetime | None
    received_at: datetime
    offline: bool
    trigger: str
    charging_state: str
    values: tuple[MeterValue, ...]


_encode = msgspec.msgpack.Encoder().encode
_decode_record = msgspec.msgpack.Decoder(MeterRecord).decode
_NO_VALUES = _encode(())
_after_the_keys = msgspec.structs.astuple


def pack_entry(entry: MeterEntry) -> tuple[int, str, int, bytes]:
    """The values of a row of `meter_tail`."""
    session_id, pile_id, key, *fields, data = _after_the_keys(entry)
    return session_id, pile_id, key, _encode((key, *fields, msgspec.Raw(data or _NO_VALUES)))


def unpack_entry(entry: bytes) -> MeterRecord:
    """The message in a row of `meter_tail`. Raises msgspec.DecodeError for what `pack_entry` did not make."""
    return _decode_record(entry)
