"""What is asked of the store: pages, filters and single rows."""

from datetime import datetime
from typing import Any

import pytest
from msgspec.structs import replace
from tests.store import samples
from tests.store.pages import all_pages
from tests.store.samples import NOW, after, session

from forecourt.domain.cdr import credit
from forecourt.domain.command import CommandState
from forecourt.domain.records import ApiToken, AuditEntry, LogEntry, Operator
from forecourt.domain.session import RejectedMessage, SessionState
from forecourt.domain.tariff_version import tariff_version, version_of
from forecourt.domain.token import Token
from forecourt.store.errors import StoreError
from forecourt.store.reads.billing import CdrFilter
from forecourt.store.reads.sessions import SessionFilter
from forecourt.store.store import Store

# ---- sessions ----


@pytest.fixture
async def sessions(network: Store) -> Store:
    """Nine sessions, of which 4 and 5 began at the same instant."""
    closed, stopped = SessionState.CLOSED, SessionState.STOPPED
    begun = {4: after(4), 5: after(4)}
    rows = [
        session(
            number,
            pile_id=f"pile-{number % 2 + 1}",
            station_id="st-1" if number < 8 else "st-2",
            state=closed if number < 5 else stopped if number == 5 else SessionState.OPEN,
            token_uid="card-A" if number in (3, 6) else "other",
            flags=("late_events",) if number in (2, 6) else (),
            started_at=begun.get(number, after(number)),
        )
        for number in range(1, 10)
    ]
    await network.write(*rows)
    return network


@pytest.mark.parametrize(
    ("which", "expected"),
    [
        (SessionFilter(), [9, 8, 7, 6, 5, 4, 3, 2, 1]),
        (SessionFilter(station_id="st-2"), [9, 8]),
        (SessionFilter(pile_id="pile-1"), [8, 6, 4, 2]),
        (SessionFilter(state="open"), [9, 8, 7, 6, 5]),
        (SessionFilter(state="closed"), [4, 3, 2, 1]),
        (SessionFilter(state="problem"), [6, 2]),
        (SessionFilter(token_uid="CARD-a "), [6, 3]),
        (SessionFilter(since=after(3), until=after(6)), [5, 4, 3]),
        (SessionFilter(pile_id="pile-1", state="open", station_id="st-1"), [6]),
        (SessionFilter(pile_id="'; --"), []),
    ],
)
@pytest.mark.parametrize("limit", [1, 2, 50])
async def test_sessions_in_pages_the_newest_first(
    sessions: Store, which: SessionFilter, expected: list[int], limit: int
) -> None:
    found = await all_pages(lambda cursor: sessions.sessions(which, cursor, limit), limit)
    assert [one.id for one in found] == expected


async def test_a_page_is_not_disturbed_by_what_begins_meanwhile(sessions: Store) -> None:
    first = await sessions.sessions(limit=3)
    await sessions.write(session(20, pile_id="pile-3"))
    second = await sessions.sessions(cursor=first.next_cursor, limit=3)
    assert [one.id for one in (*first.items, *second.items)] == [9, 8, 7, 6, 5, 4]


BAD_CURSORS = ["", "x", "!!", "a" * 500, "gaE", "k8AA", "桩", "kgEC'"]


@pytest.mark.parametrize("cursor", BAD_CURSORS)
async def test_a_cursor_of_another_list_is_refused(sessions: Store, cursor: str) -> None:
    with pytest.raises(ValueError, match="no cursor of this list"):
        await sessions.sessions(cursor=cursor)
    with pytest.raises(ValueError, match="no cursor of this list"):
        await sessions.piles(cursor=cursor)


@pytest.mark.parametrize("limit", [0, -1, 1001])
async def test_a_limit_out_of_bounds_is_refused(sessions: Store, limit: int) -> None:
    with pytest.raises(ValueError, match="between 1 and 1000"):
        await sessions.sessions(limit=limit)


async def test_sessions_due_the_longest_first(network: Store) -> None:
    await network.write(
        session(1, settle_at=after(30)),
        session(2, settle_at=after(10)),
        session(3, settle_at=after(50)),
        session(4),
        samples.entry(1, 5, 500, session_id=2),
    )
    due = await network.sessions_due(after(30))
    assert [one.id for one in due] == [2, 1]
    assert [len(one.readings) for one in due] == [1, 0]
    assert [one.id for one in await network.sessions_due(after(99), limit=2)] == [2, 1]
    assert await network.sessions_due(after(9)) == []


async def test_stale_sessions_are_open_and_silent(network: Store) -> None:
    await network.write(
        session(1, last_event_at=after(5)),
        session(2, last_event_at=after(50)),
        session(3, last_event_at=after(5), state=SessionState.CLOSED),
        session(4, last_event_at=after(5), state=SessionState.STOPPED),
    )
    assert [one.id for one in await network.stale_sessions(after(50))] == [1, 4]


async def test_find_session_has_to_be_told_what_to_find(network: Store) -> None:
    with pytest.raises(ValueError, match="transaction_id or a start_key"):
        await network.find_session("pile-1")


# ---- tariffs, CDRs, tokens ----


async def test_a_tariff_and_its_versions(network: Store) -> None:
    later = replace(samples.TARIFF, name="Day, dearer")
    await network.write(tariff_version(samples.TARIFF), samples.TARIFF)
    await network.write(tariff_version(later), later, replace(later, id="a"))
    assert await network.tariff("day") == later
    assert await network.tariff_version(version_of(samples.TARIFF)) == samples.TARIFF
    assert [found.id for found in await network.tariffs()] == ["a", "day"]
    assert await network.tariff("no") is None
    assert await network.tariff_version("no") is None


async def test_cdrs(network: Store) -> None:
    first = samples.cdr(7)
    taken_back, second = credit(first, after(50)), samples.cdr(7, revision=2, issued_at=after(50))
    other = replace(samples.cdr(8, issued_at=after(20)), station_id="st-2")
    await network.write(first, taken_back, second, other)
    found = await all_pages(lambda cursor: network.cdrs(cursor=cursor, limit=1), 1)
    assert [cdr.id for cdr in found] == ["7-2", "7-1C", "8-1", "7-1"]
    assert await network.cdrs_of(7) == [first, taken_back, second]  # in the order of issue
    assert await network.last_cdr(7) == second
    assert await network.last_cdrs([7, 8, 9]) == {7: second, 8: other}
    assert await network.last_cdr(9) is None
    assert await network.cdr("7-1C") == taken_back
    of_station = await network.cdrs(CdrFilter(station_id="st-1", since=NOW, until=after(50)))
    assert of_station.items == (first,)


async def test_tokens_are_found_however_they_are_spelt(network: Store) -> None:
    await network.write(samples.TOKEN, Token(uid="B"), Token(uid="a"))
    assert await network.token(" abCD0123") == samples.TOKEN
    assert await network.token("abcd012") is None
    found = await all_pages(lambda cursor: network.tokens(cursor, 1), 1)
    assert [token.uid for token in found] == ["a", "AbCd0123", "B"]


# ---- commands ----


async def test_commands(network: Store) -> None:
    def command(number: int, **more: Any) -> Any:
        return replace(
            samples.COMMAND, id=f"c-{number}", idempotency_key=None, created_at=after(number), **more
        )

    rows = [
        command(1, expires_at=after(100)),
        command(2, expires_at=after(50), pile_id="pile-2"),
        command(3, expires_at=after(10)),
        command(4, state=CommandState.SENT),
    ]
    await network.write(*rows)
    await network.connect_pile("pile-2", "gw-1", "1.6", "", NOW)
    found = await all_pages(lambda cursor: network.commands(None, cursor, 2), 2)
    assert found == rows[::-1]
    assert (await network.commands("pile-2")).items == (rows[1],)
    assert [one.id for one in await network.commands_due(after(10))] == ["c-2", "c-1"]
    assert [one.id for one in await network.commands_due(after(10), gateway_id="gw-1")] == ["c-2"]
    assert await network.commands_due(after(10), gateway_id="gw-2") == []
    assert [one.id for one in await network.commands_expired(after(10))] == ["c-3"]
    assert await network.command("c-4") == rows[3]
    assert await network.command("c-9") is None


# ---- accounts, audit, evidence ----


async def test_accounts(network: Store) -> None:
    assert not await network.has_operators()
    await network.write(*samples.OTHERS)
    assert await network.has_operators()
    operator, login, token = samples.OTHERS[1:4]
    assert isinstance(operator, Operator)
    assert isinstance(token, ApiToken)
    assert await network.operator("alice") == operator
    assert await network.operator("bob") is None
    assert await network.operators() == [operator]
    assert await network.login(login.digest) == login
    assert await network.login(b"") is None
    assert await network.api_token(token.digest) == token
    assert await network.api_tokens() == [token]
    await network.forget_logins(login.expires_at)
    assert await network.login(login.digest) is None


async def test_the_audit(network: Store) -> None:
    rows = [
        AuditEntry(id=f"{n:04}", at=after(n), actor="a", action="x", subject=f"s-{n % 2}") for n in range(5)
    ]
    await network.write(*rows)
    found = await all_pages(lambda cursor: network.audit_page(cursor=cursor, limit=2), 2)
    assert found == rows[::-1]
    assert (await network.audit_page("s-1")).items == (rows[3], rows[1])


async def test_evidence_in_pages(network: Store) -> None:
    def message(key: int, pile_id: str, at: datetime) -> RejectedMessage:
        return replace(samples.REJECTED, key=key, pile_id=pile_id, received_at=at)

    rows = [message(1, "pile-1", after(1)), message(-2, "pile-1", after(1)), message(1, "pile-2", after(2))]
    await network.write(*rows)
    found = await all_pages(lambda cursor: network.rejected_messages(cursor=cursor, limit=1), 1)
    assert found == [rows[2], rows[0], rows[1]]
    assert (await network.rejected_messages("pile-1")).items == (rows[0], rows[1])


async def test_the_log_of_a_pile_in_pages(network: Store) -> None:
    entries = [LogEntry(f"pile-{n % 2}", after(n), "in", "CALL", "X", str(n), "{}") for n in range(6)]
    network.log(entries)
    await network.write(samples.TOKEN)
    found = await all_pages(lambda cursor: network.log_page("pile-1", cursor, 2), 2)
    assert found == [entries[5], entries[3], entries[1]]


async def test_facts_of_the_installation(network: Store) -> None:
    assert await network.instance_value("secret") is None
    await network.put_instance_value("secret", "1")
    await network.put_instance_value("secret", "2")
    assert await network.instance_value("secret") == "2"


async def test_a_closed_store_says_so(database_url: str) -> None:
    store = await Store.open(database_url)
    await store.close()
    with pytest.raises(StoreError, match="closed"):
        await store.write(samples.STATION)
