"""The table of writes: which statement puts which struct in its table, for both engines.

A write is "put this struct in its table", and every one can be repeated: absolute values or insert-or-ignore, never
`x = x + n`. The order of the table is the order in which the kinds of a batch are executed: whole rows, then narrow
updates, then deletions.
"""

from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import Table

from forecourt.domain import records, session
from forecourt.domain.cdr import Cdr
from forecourt.domain.command import Command
from forecourt.domain.pile import Evse, Pile, PileBoot
from forecourt.domain.station import Station
from forecourt.domain.tariff import Tariff
from forecourt.domain.tariff_version import TariffVersion
from forecourt.domain.token import Token, fold_uid
from forecourt.store import extra_rows, schema
from forecourt.store.codec import encode_json, encode_money, encode_time, plain_text
from forecourt.store.meter_pack import pack_entry
from forecourt.store.rows import Encode, Shape
from forecourt.store.statements import (
    LOST,
    SENT,
    Mode,
    Target,
    array_types,
    postgres_text,
    sqlite_text,
    unnest,
)


class Write(NamedTuple):
    """One kind of row: how it becomes values, and the two statements that take them.

    `key` gives what finds the row, of which one PostgreSQL statement takes only one value: the last, or the first where
    the row that is there stays. None: every row is taken.
    """

    encode: Encode
    sqlite: str
    postgres: str
    types: tuple[str, ...]
    key: Callable[[Sequence[Any]], Any] | None
    first: bool


def shape_of(kind: type[msgspec.Struct]) -> Shape[Any]:
    """How this struct becomes a row."""
    if kind not in _SHAPES:
        _SHAPES[kind] = Shape(kind)
    return _SHAPES[kind]


def _keys(table: Table) -> tuple[str, ...]:
    return tuple(column.name for column in table.primary_key)


def _put(kind: type[msgspec.Struct], table: Table, mode: Mode = Mode.UPSERT, **more: Any) -> Write:
    """A row with one column for each field."""
    shape = shape_of(kind)
    return _written(table, mode, shape.columns, shape.encode, **more)


def _written(
    table: Table,
    mode: Mode,
    columns: tuple[str, ...],
    encode: Encode,
    *,
    keys: tuple[str, ...] = (),
    kept: Sequence[str] = (),
    guard: str = "",
) -> Write:
    keys = keys or _keys(table)
    sets = tuple(column for column in columns if column not in keys and column not in kept)
    target = Target(table, mode, columns, keys, sets, guard)
    key = None if mode is Mode.INSERT else itemgetter(*map(columns.index, keys))
    types = array_types(target)
    return Write(encode, sqlite_text(target), postgres_text(target), types, key, mode is Mode.IGNORE)


def _special(kind: type[msgspec.Struct], sqlite: str, postgres: str, *types: str) -> Write:
    """A row that is a statement of its own; in `postgres` `{rows}` stands for the batch, `r` with the fields' names."""
    fields = kind.__struct_fields__
    rows = f"{unnest(types)} AS r({', '.join(fields)})"
    return Write(Shape(kind).encode, sqlite, postgres.format(rows=rows), types, None, first=False)


def _evidence(kind: type[msgspec.Struct], table: Table, mode: Mode) -> Write:
    """A row with a `payload` that is kept whatever characters are in it."""
    shape = shape_of(kind)
    place = shape.columns.index("payload")

    def encode(row: Any) -> list[Any]:
        values = shape.encode(row)
        values[place] = plain_text(values[place])
        return values

    return _written(table, mode, shape.columns, encode)


def _tariff(row: Tariff) -> tuple[Any, ...]:
    return row.id, row.name, row.currency, encode_json(row)


def _cdr(row: Cdr) -> tuple[Any, ...]:
    times = (encode_time(row.issued_at), encode_time(row.started_at), encode_time(row.ended_at))
    owner = (row.id, row.revision, row.session_id, row.station_id, row.pile_id)
    amount = (row.energy_wh, row.currency, encode_money(row.price.total_incl_tax))
    return (*owner, *times, *amount, row.credits, encode_json(row))


_SHAPES: dict[type, Shape[Any]] = {
    session.Session: Shape(
        session.Session, {"token_key": lambda row: fold_uid(row.token_uid)}, left_out=session.IN_MEMORY
    ),
    Token: Shape(Token, {"uid_key": lambda row: fold_uid(row.uid)}),
}
_REPORTED = tuple(name for name in PileBoot.__struct_fields__ if name != "id")
_TAIL = ("session_id", "pile_id", "key", "entry")
_TRIMMED = "DELETE FROM ocpp_log WHERE id < (SELECT min(id) FROM ocpp_log) + {most} AND at < {before}"

WRITES: dict[type, Write] = {
    Station: _put(Station, schema.station),
    Tariff: _written(schema.tariff, Mode.UPSERT, ("id", "name", "currency", "body"), _tariff),
    TariffVersion: _put(TariffVersion, schema.tariff_version, Mode.IGNORE),
    # What a boot reports is written by `PileBoot` only; a later put of the master data leaves it as it is.
    Pile: _put(Pile, schema.pile, kept=(*_REPORTED, "created_at")),
    records.PileCredential: _put(records.PileCredential, schema.pile_credential),
    Token: _put(Token, schema.token, kept=("created_at",)),
    Evse: _put(Evse, schema.evse),
    session.Session: _put(session.Session, schema.session),
    session.MeterEntry: _written(schema.meter_tail, Mode.IGNORE, _TAIL, pack_entry),
    session.EvseReading: _put(
        session.EvseReading, schema.evse_reading, guard="excluded.at >= evse_reading.at"
    ),
    session.RejectedMessage: _evidence(session.RejectedMessage, schema.rejected_message, Mode.IGNORE),
    Command: _put(Command, schema.command),
    Cdr: _written(schema.cdr, Mode.IGNORE, tuple(schema.cdr.c.keys()), _cdr),
    records.Operator: _put(records.Operator, schema.operator, kept=("created_at",)),
    records.Login: _put(records.Login, schema.login),
    records.ApiToken: _put(records.ApiToken, schema.api_token),
    records.AuditEntry: _put(records.AuditEntry, schema.audit, Mode.IGNORE),
    records.PileVariable: _put(records.PileVariable, schema.pile_variable),
    records.DeviceEvent: _evidence(records.DeviceEvent, schema.device_event, Mode.IGNORE),
    records.PileNote: _put(records.PileNote, schema.pile_note),
    records.RepairCount: _put(records.RepairCount, schema.repair_count),
    extra_rows.InstanceValue: _put(extra_rows.InstanceValue, schema.instance),
    extra_rows.MeterBlock: _put(extra_rows.MeterBlock, schema.meter_block, Mode.INSERT),
    records.LogEntry: _evidence(records.LogEntry, schema.ocpp_log, Mode.INSERT),
    PileBoot: _put(PileBoot, schema.pile, Mode.UPDATE),
    session.SessionProgress: _put(session.SessionProgress, schema.session, Mode.UPDATE),
    session.SessionReleased: _put(session.SessionReleased, schema.session, Mode.UPDATE),
    session.SessionSettled: _special(
        session.SessionSettled,
        "UPDATE session SET settle_at = NULL WHERE id = ?1 AND settle_at = ?2",
        "UPDATE session SET settle_at = NULL FROM {rows}"
        " WHERE session.id = r.id AND session.settle_at = r.settle_at",
        "bigint",
        "bigint",
    ),
    extra_rows.Disconnected: _put(
        extra_rows.Disconnected,
        schema.pile_owner,
        Mode.UPDATE,
        keys=("pile_id", "generation"),
        guard="pile_owner.online",
    ),
    extra_rows.SentUnknown: _special(
        extra_rows.SentUnknown,
        f"UPDATE command INDEXED BY ix_command_unresolved SET {LOST} WHERE {SENT}"
        " AND pile_id IN (SELECT pile_id FROM pile_owner WHERE gateway_id = ?1)",
        f"UPDATE command SET {LOST} WHERE {SENT} AND pile_id IN"
        " (SELECT o.pile_id FROM pile_owner o JOIN {rows} ON o.gateway_id = r.gateway_id)",
        "text",
    ),
    extra_rows.PilesOffline: _special(
        extra_rows.PilesOffline,
        "UPDATE pile_owner SET online = 0, disconnected_at = ?2 WHERE gateway_id = ?1 AND online",
        "UPDATE pile_owner SET online = false, disconnected_at = r.at FROM {rows}"
        " WHERE pile_owner.gateway_id = r.gateway_id AND pile_owner.online",
        "text",
        "bigint",
    ),
    extra_rows.TailTaken: _put(extra_rows.TailTaken, schema.meter_tail, Mode.DELETE),
    extra_rows.LogTrimmed: _special(
        extra_rows.LogTrimmed,
        _TRIMMED.format(before="?1", most="?2"),
        _TRIMMED.format(before="(SELECT max(before) FROM {rows})", most="(SELECT max(most) FROM {rows})"),
        "bigint",
        "bigint",
    ),
    extra_rows.LoginsExpired: _special(
        extra_rows.LoginsExpired,
        "DELETE FROM login WHERE expires_at <= ?1",
        "DELETE FROM login USING {rows} WHERE login.expires_at <= r.before",
        "bigint",
    ),
}
