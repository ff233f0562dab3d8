"""From a struct to the values of its row, and back; made once per type from the annotations of its fields.

The hot path goes through here twice per message: one C call takes the fields out of the struct, and only those that
the engine can't take as they are get converted.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Generic, TypeVar, get_type_hints

import msgspec

from forecourt.store.codec import codec_of

Row = TypeVar("Row", bound=msgspec.Struct)
Encode = Callable[[Any], Sequence[Any]]
_values = msgspec.structs.astuple


class Shape(Generic[Row]):
    """The columns of a struct's row: its fields but those `left_out`, then what is `derived` from the struct."""

    def __init__(
        self,
        kind: type[Row],
        derived: Mapping[str, Callable[[Row], Any]] | None = None,
        left_out: Sequence[str] = (),
    ) -> None:
        fields = kind.__struct_fields__
        hints = get_type_hints(kind)
        codecs = {name: codec_of(hints[name]) for name in fields if name not in left_out}
        self.kind = kind
        self.fields = tuple(codecs)
        self.columns = (*codecs, *(derived or {}))
        self._drop = [index for index, name in enumerate(fields) if name in left_out][::-1]
        self._derive = tuple((derived or {}).values())
        places = list(enumerate(codecs.values()))
        self._encoders = [(index, codec.encode) for index, codec in places if codec.encode]
        self._decoders = [(index, codec.decode) for index, codec in places if codec.decode]

    def encode(self, row: Row) -> list[Any]:
        """The values in the order of `columns`. Raises TypeError or ValueError for what can't be stored."""
        values = list(_values(row))
        for index in self._drop:
            del values[index]
        for index, encode in self._encoders:
            value = values[index]
            if value is not None:
                values[index] = encode(value)
        if self._derive:
            values.extend([derive(row) for derive in self._derive])
        return values

    def decode(self, values: Sequence[Any]) -> Row:
        """The struct from the values of `fields`, in this order; more values are ignored."""
        fields = list(values[: len(self.fields)])
        for index, decode in self._decoders:
            value = fields[index]
            if value is not None:
                fields[index] = decode(value)
        return self.kind(**dict(zip(self.fields, fields, strict=True)))
