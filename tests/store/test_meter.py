"""Meter messages: what goes into the tail comes out of a block, and compaction loses and doubles nothing."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from sqlalchemy import func, select
from tests.store import samples
from tests.store.samples import after, entry, session

from forecourt.domain.meter import REGISTER, SOC, MeterValue, Sample
from forecourt.domain.reading import Reading
from forecourt.domain.session import MeterEntry, SessionState
from forecourt.store import compaction, schema
from forecourt.store.errors import Status
from forecourt.store.extra_rows import MeterBlock
from forecourt.store.meter_block import pack_block, unpack_block
from forecourt.store.meter_pack import MeterRecord, pack_entry, unpack_entry
from forecourt.store.meter_read import MeterPoint, joined
from forecourt.store.store import Store
from forecourt.store.work import Result, Unit

times = st.datetimes(datetime(1970, 1, 1), datetime(2100, 1, 1)).map(lambda at: at.replace(tzinfo=UTC))  # noqa: DTZ001
words = st.sampled_from(["", "L1", "Wh", REGISTER, SOC, "Outlet"]) | st.text(max_size=5)
numbers = (
    st.floats(allow_nan=False)
    | st.integers(-(10**12), 10**12).map(float)
    | st.integers(-(10**9), 10**9).map(lambda n: n / 10)
)
meter_values = st.builds(
    MeterValue,
    st.none() | times,
    st.lists(st.builds(Sample, words, numbers, words, words, words, words), max_size=3).map(tuple),
)
records = st.builds(
    MeterRecord,
    key=st.integers(-(2**63), 2**63 - 1),
    evse_id=st.integers(0, 9),
    seq_no=st.none() | st.integers(0, 2**31),
    kind=words,
    at=times,
    pile_at=st.none() | times,
    received_at=times,
    offline=st.booleans(),
    trigger=words,
    charging_state=words,
    values=st.lists(meter_values, max_size=3).map(tuple),
)


def packed(record: MeterRecord) -> bytes:
    fields = {name: getattr(record, name) for name in record.__struct_fields__ if name != "values"}
    data = msgspec.msgpack.encode(record.values)
    row = pack_entry(MeterEntry(session_id=7, pile_id="pile-1", data=data, **fields))
    assert row[:3] == (7, "pile-1", record.key)
    return row[3]


@given(st.lists(records, max_size=20))
def test_tail_and_block_give_back_what_they_were_given(given_records: list[MeterRecord]) -> None:
    from_tail = [unpack_entry(packed(record)) for record in given_records]
    assert from_tail == given_records
    assert unpack_block(pack_block(from_tail)) == given_records


@given(st.lists(records, max_size=12, unique_by=lambda record: record.key), st.data())
def test_wherever_the_messages_are_they_are_read_once_and_in_the_same_order(
    given_records: list[MeterRecord], data: st.DataObject
) -> None:
    expected = joined([packed(record) for record in given_records], [])
    assert sorted(record.key for record in expected) == sorted(record.key for record in given_records)
    shuffled = data.draw(st.permutations(given_records))
    cut = data.draw(st.integers(0, len(shuffled)))
    again = data.draw(st.integers(0, cut))
    tail = [packed(record) for record in shuffled[again:]]
    assert joined(tail, [pack_block(shuffled[:cut])]) == expected


def test_messages_come_in_the_order_of_seq_no_then_pile_time_then_arrival() -> None:
    rows = [
        entry(1, 30, 0, seq_no=2),
        entry(2, 20, 0, seq_no=1, received_at=after(50)),
        entry(3, 20, 0, seq_no=1, received_at=after(40)),
        entry(4, 10, 0, seq_no=1),
        entry(5, 0, 0, seq_no=None),
        entry(6, 0, 0, seq_no=0, pile_at=None),
    ]
    order = [record.key for record in joined([pack_entry(row)[3] for row in rows], [])]
    assert order == [6, 4, 3, 2, 1, 5]


def test_a_block_is_small() -> None:
    made = [unpack_entry(pack_entry(entry(key * 2**40 + 12345, 15 * key, 100 * key))[3]) for key in range(64)]
    # 5 samples each; keys are random by nature and take 8 B of each message
    assert len(pack_block(made)) < 64 * 5 * 14


async def tail_rows(store: Store) -> int:
    rows = await store._reader.rows(select(func.count()).select_from(schema.meter_tail))
    return int(rows[0][0])


async def compact_all(store: Store) -> int:
    made = 0
    while batch := await store.compact(10):
        made += batch
    return made


async def test_a_long_or_ended_session_is_packed_and_a_short_running_one_is_not(network: Store) -> None:
    await network.write(
        session(1), session(2), session(3, state=SessionState.CLOSED), session(4, state=SessionState.STOPPED)
    )
    rows = [entry(key, key, key * 10, session_id=1) for key in range(64)]
    rows += [entry(key, key, key * 10, session_id=2) for key in range(63)]
    rows += [entry(1, 1, 10, session_id=3), entry(1, 1, 10, session_id=4)]
    rows += [entry(key, key, 10, session_id=0) for key in range(64)]
    rows += [entry(1, 1, 10, session_id=0, pile_id="pile-2")]
    await network.write(*rows)
    assert await compact_all(network) == 4
    assert await tail_rows(network) == 63 + 1
    assert await compact_all(network) == 0


async def test_compaction_changes_nothing_that_is_read(network: Store) -> None:
    await network.write(session(1))
    for start in (0, 64, 128):
        await network.write(
            *[entry(key, key * 5, key * 100, session_id=1) for key in range(start, start + 64)]
        )
        before = await network.meter_records(1)
        whole = await network.session(1)
        state = await network.find_session("pile-1", transaction_id="tx-1")
        assert await compact_all(network) == 1
        assert await network.meter_records(1) == before
        assert await network.session(1) == whole == state
    record = await network.connect_pile("pile-1", "gw-1", "2.0.1", "", samples.NOW)
    assert record is not None
    assert record.state.sessions == (whole,)
    assert whole is not None
    assert whole.readings[-1] == Reading(after(191 * 5), 19_100)
    assert len(whole.readings) == 192


async def test_a_message_repeated_after_its_block_was_made_is_still_one(network: Store) -> None:
    closed = session(1, state=SessionState.CLOSED)
    await network.write(closed, *[entry(key, key, key, session_id=1) for key in range(5)])
    await compact_all(network)
    before = await network.meter_records(1)
    await network.write(entry(3, 3, 3, session_id=1, received_at=after(500)), entry(9, 9, 9, session_id=1))
    assert await compact_all(network) == 1
    found = await network.meter_records(1)
    assert [record.key for record in found] == [0, 1, 2, 3, 4, 9]
    assert found[:5] == before


async def test_two_processes_that_pack_the_same_tail_make_one_block(network: Store) -> None:
    await network.write(session(1, state=SessionState.CLOSED), entry(1, 1, 10, session_id=1))

    async def beaten(unit: Unit) -> Result:
        block = unit.rows[0]
        assert isinstance(block, MeterBlock)
        assert (await network.do(Unit((replace(block, body=block.body),)))).ok  # the other was first
        result = await network.do(unit)
        assert result.status is Status.CONFLICT
        return result

    made, _ = await compaction.compact(network._reader, beaten, compaction.START, 10)
    assert made == 0
    assert await tail_rows(network) == 1
    assert [record.key for record in await network.meter_records(1)] == [1]


async def test_what_arrives_while_a_block_is_made_stays_in_the_tail(network: Store) -> None:
    await network.write(session(1, state=SessionState.CLOSED), entry(1, 1, 10, session_id=1))

    async def late(unit: Unit) -> Result:
        await network.write(entry(2, 2, 20, session_id=1))
        return await network.do(unit)

    made, _ = await compaction.compact(network._reader, late, compaction.START, 10)
    assert made == 1
    assert await tail_rows(network) == 1
    assert [record.key for record in await network.meter_records(1)] == [1, 2]


async def test_compaction_goes_round_in_slices(network: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compaction, "SLICE", 4)
    sessions = [session(number, state=SessionState.CLOSED) for number in range(1, 11)]
    await network.write(*sessions, *[entry(1, 1, 10, session_id=one.id) for one in sessions])
    made = [await network.compact(3) for _ in range(5)]
    assert sum(made) == 10
    assert max(made) == 3
    assert await tail_rows(network) == 0


async def test_readers_miss_nothing_while_blocks_are_made(network: Store) -> None:
    await network.write(session(1))
    expected = []
    for number in range(6):
        rows = [entry(key, key, key, session_id=1) for key in range(number * 64, number * 64 + 64)]
        await network.write(*rows)
        expected += [row.key for row in rows]
        reads = [asyncio.create_task(network.meter_records(1)) for _ in range(3)]
        making = asyncio.create_task(network.compact(10))
        reads += [asyncio.create_task(network.meter_records(1)) for _ in range(3)]
        assert await making == 1
        for found in await asyncio.gather(*reads):
            assert [record.key for record in found] == expected


async def test_what_a_plot_shows(network: Store) -> None:
    later = msgspec.msgpack.encode(
        (
            MeterValue(None, (Sample(SOC, 42.0),)),
            MeterValue(after(1), ()),
            MeterValue(after(2), (Sample("Voltage", 400.0, "V", "L1"),)),
        )
    )
    await network.write(entry(1, 10, 1500), entry(2, 5, 0, data=later), entry(3, 6, 0, data=b""))
    assert await network.meter_values(7) == [
        MeterPoint(after(2), None, None, None, 400.0, None),
        MeterPoint(after(5), None, None, 42.0, None, None),
        MeterPoint(after(10), 250_000.0, 1500.0, 40.5, 800.1, 312.5),
    ]
    assert await network.meter_values(8) == []


def test_blocks_are_numbered_and_know_their_times() -> None:
    entries: list[Any] = [pack_entry(entry(key, -key, 0))[3] for key in range(3)]
    block = compaction._block(7, "pile-1", 2, entries)
    assert (block.n, block.from_at, block.to_at, block.messages) == (2, after(-2), after(0), 3)
