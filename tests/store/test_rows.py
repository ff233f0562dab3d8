"""Every struct that can be written fits its table, and comes back from both engines as it was."""

from typing import Any, get_args, get_type_hints

import msgspec
import pytest
from sqlalchemy import Table, select
from tests.store import samples

from forecourt.domain import records, session
from forecourt.domain.command import Command
from forecourt.domain.pile import Evse, Pile, PileBoot
from forecourt.domain.station import Station
from forecourt.domain.tariff_version import TariffVersion, tariff_version
from forecourt.domain.token import Token
from forecourt.store import extra_rows, schema
from forecourt.store.reads.reader import decoded, fields
from forecourt.store.store import Store
from forecourt.store.work import Status, Unit
from forecourt.store.writes import WRITES, shape_of

TABLES: dict[type[msgspec.Struct], Table] = {
    Station: schema.station,
    Pile: schema.pile,
    Evse: schema.evse,
    Token: schema.token,
    TariffVersion: schema.tariff_version,
    session.Session: schema.session,
    session.EvseReading: schema.evse_reading,
    session.RejectedMessage: schema.rejected_message,
    Command: schema.command,
    records.PileCredential: schema.pile_credential,
    records.Operator: schema.operator,
    records.Login: schema.login,
    records.ApiToken: schema.api_token,
    records.AuditEntry: schema.audit,
    records.PileVariable: schema.pile_variable,
    records.DeviceEvent: schema.device_event,
    records.PileNote: schema.pile_note,
    records.RepairCount: schema.repair_count,
    extra_rows.MeterBlock: schema.meter_block,
    extra_rows.InstanceValue: schema.instance,
}
ROWS: tuple[Any, ...] = (
    samples.STATION,
    samples.PILE,
    samples.EVSE,
    samples.TOKEN,
    tariff_version(samples.TARIFF),
    samples.SESSION,
    samples.COMMAND,
    extra_rows.MeterBlock(7, "pile-1", 1, samples.NOW, samples.after(9), 64, b"\x00body"),
    extra_rows.InstanceValue("secret", "秘密"),
    *samples.OTHERS,
)


@pytest.mark.parametrize("kind", TABLES, ids=lambda kind: kind.__name__)
def test_the_table_has_a_column_for_each_field_that_is_null_only_where_the_field_may_be(
    kind: type[msgspec.Struct],
) -> None:
    table, shape, hints = TABLES[kind], shape_of(kind), get_type_hints(kind)
    assert set(shape.columns) == set(table.c.keys())
    for name in shape.fields:
        assert table.c[name].nullable == (type(None) in get_args(hints[name])), name


def test_narrow_rows_write_columns_of_their_table() -> None:
    assert set(shape_of(PileBoot).columns) <= set(schema.pile.c.keys())
    assert set(shape_of(session.SessionProgress).columns) <= set(schema.session.c.keys())
    assert set(shape_of(session.SessionReleased).columns) <= set(schema.session.c.keys())
    assert set(shape_of(records.LogEntry).columns) == set(schema.ocpp_log.c.keys()) - {"id"}


def test_the_samples_have_every_kind_and_leave_no_field_at_its_default() -> None:
    assert {type(row) for row in ROWS} == set(TABLES)
    for row in ROWS:
        for field in msgspec.structs.fields(row):
            if field.name not in (
                *session.IN_MEMORY,
                "state",
                "country",
                "time_zone",
                "currency",
                "tariff",
            ) and (field.default is not msgspec.NODEFAULT and type(row) is not session.Session):
                assert getattr(row, field.name) != field.default, (type(row), field.name)


async def test_rows_come_back_as_they_were(store: Store) -> None:
    await store.write(*ROWS)
    for row in ROWS:
        kind = type(row)
        found = await store._reader.rows(select(*fields(kind, TABLES[kind])))
        assert [decoded(kind, values) for values in found] == [row]


async def test_empty_optional_fields_come_back_empty(store: Store) -> None:
    bare = samples.session(1)
    await store.write(samples.STATION, Pile(id="p", station_id="st-1"), bare)
    assert await store.session(1) == bare
    assert await store.pile("p") == Pile(id="p", station_id="st-1")


@pytest.mark.parametrize("text", ["'; DROP TABLE pile; --", "桩 🚗", "a.b*>c", "%41", "x" * 1000, "\u202e"])
async def test_any_text_can_be_an_id(network: Store, text: str) -> None:
    await network.write(Pile(id=text, station_id="st-1", name=text))
    assert await network.pile(text) == Pile(id=text, station_id="st-1", name=text)
    assert (await network.do(Unit((samples.session(1, pile_id=text),)))).ok
    found = await network.find_session(text, transaction_id="tx-1")
    assert found is not None
    assert found.pile_id == text


async def test_an_unknown_kind_of_row_is_a_data_error(store: Store) -> None:
    result = await store.do(Unit((object(),)))
    assert result.status is Status.DATA_ERROR


def test_every_write_that_finds_a_row_by_key_names_columns_of_it() -> None:
    for kind, write in WRITES.items():
        assert len(write.types) >= 1, kind
        if write.key is not None:
            assert write.key(list(range(len(write.types)))) is not None
