"""Each kind of write is idempotent, and does to a row that is there exactly what it should."""

from functools import partial
from typing import Any

import pytest
from msgspec.structs import replace
from sqlalchemy import func, select
from tests.store import samples
from tests.store.samples import NOW, after

from forecourt.domain.command import CommandState
from forecourt.domain.pile import Pile, Registration
from forecourt.domain.records import DeviceEvent, LogEntry, PileNote
from forecourt.domain.session import EvseReading, SessionReleased, SessionSettled
from forecourt.domain.tariff_version import tariff_version
from forecourt.store import schema
from forecourt.store.errors import WriteError
from forecourt.store.store import Store
from forecourt.store.work import Claim, Result, Status, Unit

UNIT = (
    samples.STATION,
    samples.PILE,
    samples.BOOT,
    samples.EVSE,
    samples.TOKEN,
    samples.TARIFF,
    tariff_version(samples.TARIFF),
    samples.SESSION,
    samples.PROGRESS,
    samples.entry(1, 10, 2000),
    samples.COMMAND,
    samples.cdr(),
    *samples.OTHERS,
)


async def everything(store: Store) -> dict[str, list[Any]]:
    """All rows of all tables."""
    names = [table for table in schema.metadata.sorted_tables if table.name != "ocpp_log"]
    found = await store._reader.all(*[select(table).order_by(*table.primary_key) for table in names])
    return {table.name: [tuple(row) for row in rows] for table, rows in zip(names, found, strict=True)}


async def test_the_same_unit_again_changes_nothing(store: Store) -> None:
    await store.write(*UNIT)
    once = await everything(store)
    await store.write(*UNIT)
    assert await everything(store) == once
    assert all(
        once[name] for name in once if name not in ("pile_owner", "id_range", "instance", "meter_block")
    )


async def test_the_order_of_the_rows_of_a_unit_does_not_matter(store: Store) -> None:
    await store.write(*reversed(UNIT))
    backwards = await everything(store)
    await store.write(*UNIT)
    assert await everything(store) == backwards


async def test_of_two_puts_of_a_key_in_one_unit_the_last_holds_and_of_two_inserts_the_first(
    network: Store,
) -> None:
    notes = [PileNote(pile_id="pile-1", kind="k", at=NOW, text=text) for text in ("one", "two", "three")]
    event = DeviceEvent(pile_id="pile-1", key=1, at=None, received_at=NOW, kind="event", value="first")
    await network.write(*notes, event, replace(event, value="second"))
    detail = await network.pile_detail("pile-1")
    assert detail is not None
    assert [note.text for note in detail.notes] == ["three"]
    assert [found.value for found in await network.device_events("pile-1")] == ["first"]


async def test_progress_changes_its_columns_only(network: Store) -> None:
    await network.write(samples.SESSION)
    await network.write(samples.PROGRESS)
    changed = {name: getattr(samples.PROGRESS, name) for name in samples.PROGRESS.__struct_fields__}
    assert await network.session(7) == replace(samples.SESSION, **changed)


async def test_progress_of_a_session_that_is_not_there_writes_nothing(network: Store) -> None:
    await network.write(samples.PROGRESS)
    assert await network.session(7) is None


async def test_master_data_of_a_pile_leaves_what_its_boot_reported(store: Store) -> None:
    await store.write(samples.STATION, samples.PILE)
    await store.write(samples.BOOT)
    await store.write(Pile(id="pile-1", station_id="st-1", name="new", created_at=after(99)))
    found = await store.pile("pile-1")
    assert found is not None
    assert (found.name, found.max_power_w, found.created_at) == ("new", None, samples.PILE.created_at)
    assert (found.vendor, found.firmware, found.registration) == (
        "Other vendor",
        "2.0.0",
        Registration.PENDING,
    )
    assert found.booted_at == after(60)


async def test_an_older_reading_of_an_evse_does_not_replace_a_newer_one(network: Store) -> None:
    newer = EvseReading("pile-1", 1, after(10), 7, 70, b"")
    await network.write(newer)
    await network.write(replace(newer, at=after(5), power_w=9))
    detail = await network.pile_detail("pile-1")
    assert detail is not None
    assert detail.readings == (newer,)


async def test_settling_is_taken_back_by_what_happened_meanwhile(network: Store) -> None:
    await network.write(samples.session(1, settle_at=after(50)))
    await network.write(SessionSettled(1, after(49)))
    assert [one.id for one in await network.sessions_due(after(50))] == [1]
    await network.write(SessionSettled(1, after(50)))
    assert await network.sessions_due(after(99)) == []


async def test_a_release_changes_flags_and_settlement_only(network: Store) -> None:
    await network.write(samples.SESSION)
    await network.write(SessionReleased(7, ("released",), after(70)))
    assert await network.session(7) == replace(samples.SESSION, flags=("released",), settle_at=after(70))


async def test_a_cdr_is_never_changed(network: Store) -> None:
    await network.write(samples.cdr())
    await network.write(samples.cdr(issued_at=after(99)))
    assert await network.cdr("7-1") == samples.cdr()


async def test_evidence_is_kept_whatever_is_in_it(network: Store) -> None:
    bad = replace(samples.REJECTED, payload='{"a":"\x00\ud800桩"}')
    await network.write(bad)
    page = await network.rejected_messages("pile-1")
    assert [found.payload for found in page.items] == ['{"a":"\\u0000\\ud800桩"}']


async def test_a_unit_is_written_together_or_not_at_all(network: Store) -> None:
    bad = replace(samples.EVSE, evse_id=None)
    result = await network.do(Unit((samples.TOKEN, bad)))
    assert result.status is Status.DATA_ERROR
    assert result.error
    assert await network.token("abcd0123") is None


@pytest.mark.parametrize(
    "bad",
    [
        samples.session(2, energy_wh=2**63),
        samples.session(2, started_at=None),
        samples.session(2, token_uid="\ud800"),
        samples.session(2, cost=1.5),
        replace(samples.PROGRESS, energy_wh=None),
        Pile(id="p", station_id="nowhere"),
    ],
    ids=["too large", "null", "no UTF-8", "float money", "null in an update", "no such station"],
)
async def test_only_the_culprit_of_a_batch_fails(network: Store, bad: Any) -> None:
    results: dict[str, Status] = {}
    await network.write(samples.SESSION)
    units = [Unit((samples.session(number),)) for number in (10, 11)]
    for name, unit in (("before", units[0]), ("bad", Unit((samples.TOKEN, bad))), ("after", units[1])):
        network.commit.submit(unit, partial(_note, results, name))
    await network.flush()
    assert results == {"before": Status.COMMITTED, "bad": Status.DATA_ERROR, "after": Status.COMMITTED}
    assert {one.id for one in (await network.sessions()).items} == {7, 10, 11}
    assert await network.token("abcd0123") is None


def _note(results: dict[str, Status], name: str, result: Result) -> None:
    results[name] = result.status


async def test_another_session_with_the_same_transaction_is_a_conflict(network: Store) -> None:
    await network.write(samples.session(1))
    result = await network.do(Unit((samples.session(2, transaction_id="tx-1"), samples.TOKEN)))
    assert result.status is Status.CONFLICT
    assert await network.session(2) is None
    assert await network.token("abcd0123") is None
    assert (await network.do(Unit((samples.session(3, transaction_id="tx-1", pile_id="pile-2"),)))).ok


async def test_an_idempotency_key_is_used_once_by_each_requester(network: Store) -> None:
    await network.write(samples.COMMAND)
    again = replace(samples.COMMAND, id="c-2")
    assert (await network.do(Unit((again,)))).status is Status.CONFLICT
    assert (await network.do(Unit((replace(again, requested_by="bob"),)))).ok
    keyless = [replace(samples.COMMAND, id=f"c-{number}", idempotency_key=None) for number in (3, 4)]
    await network.write(*keyless)
    assert await network.command_by_key("alice", "k-1") == samples.COMMAND


async def test_a_write_that_is_waited_for_raises(network: Store) -> None:
    await network.write(samples.session(1))
    with pytest.raises(WriteError, match="conflict") as caught:
        await network.write(samples.session(2, transaction_id="tx-1"))
    assert caught.value.status is Status.CONFLICT


async def test_a_command_is_claimed_once(network: Store) -> None:
    await network.write(samples.COMMAND)
    queued, sent = CommandState.QUEUED, CommandState.SENT
    assert await network.claim_command("c-1", queued, sent, after(5))
    assert not await network.claim_command("c-1", queued, sent, after(6))
    assert not await network.claim_command("c-0", queued, sent, after(6))
    found = await network.command("c-1")
    assert found is not None
    assert (found.state, found.sent_at) == (sent, after(5))


async def test_a_unit_whose_claim_is_lost_is_not_written(network: Store) -> None:
    await network.write(replace(samples.COMMAND, state=CommandState.SENT))
    claim = Claim("c-1", CommandState.QUEUED, CommandState.SENT, NOW)
    result = await network.do(Unit((samples.TOKEN,), claim=claim))
    assert result.status is Status.CONFLICT
    assert await network.token("AbCd0123") is None


async def test_log_entries_ride_along_or_are_written_when_there_is_time(network: Store) -> None:
    entries = [LogEntry("pile-1", after(n), "in", "CALL", "Heartbeat", str(n), "{}\x00") for n in range(300)]
    network.log(entries[:100])
    await network.write(samples.TOKEN)  # takes some along
    network.log(entries[100:])
    page = await network.log_page("pile-1", limit=1000)
    while len(page.items) < 300:
        await network.flush()
        page = await network.log_page("pile-1", limit=1000)
    assert [found.message_id for found in page.items] == [str(n) for n in reversed(range(300))]
    assert {found.payload for found in page.items} == {"{}\\u0000"}
    assert network.log_dropped == 0


async def test_a_log_entry_that_cannot_be_stored_delays_nobody(network: Store) -> None:
    network.log([LogEntry("pile-1", None, "in", "CALL", "Heartbeat", "1", "{}")])  # type: ignore[arg-type]
    await network.write(samples.TOKEN)
    assert await network.token("AbCd0123") == samples.TOKEN
    assert (await network.log_page("pile-1")).items == ()


async def test_the_oldest_log_entries_are_forgotten(network: Store) -> None:
    network.log([LogEntry("pile-1", after(n), "in", "CALL", "Heartbeat", str(n), "{}") for n in range(10)])
    await network.write(samples.TOKEN)
    await network.trim_log(after(6), limit=4)
    await network.trim_log(after(6), limit=3)
    page = await network.log_page("pile-1")
    assert [found.message_id for found in page.items] == ["9", "8", "7", "6"]


async def test_counts_of_rows_are_what_was_written(network: Store) -> None:
    await network.write(*[samples.session(number) for number in range(1, 201)])
    rows = await network._reader.rows(select(func.count()).select_from(schema.session))
    assert rows[0][0] == 200
