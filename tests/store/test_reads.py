"""What is asked of the store: pages, filters, and what a list says of stations and piles."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace
from tests.store import samples
from tests.store.samples import NOW, after, session

from forecourt.domain.cdr import credit
from forecourt.domain.command import CommandState
from forecourt.domain.pile import Evse, EvseStatus, Pile
from forecourt.domain.records import ApiToken, AuditEntry, LogEntry, Operator, PileVariable
from forecourt.domain.session import RejectedMessage, SessionState
from forecourt.domain.tariff_version import tariff_version, version_of
from forecourt.domain.token import Token
from forecourt.store.errors import StoreError
from forecourt.store.reads.billing import CdrFilter
from forecourt.store.reads.overview import Overview
from forecourt.store.reads.page import Page
from forecourt.store.reads.piles import PileFilter
from forecourt.store.reads.sessions import SessionFilter
from forecourt.store.records import Owner
from forecourt.store.store import Store


async def all_pages(fetch: Callable[[str | None], Awaitable[Page[Any]]], most: int) -> list[Any]:
    """The items of all pages; every page but the last is full."""
    items: list[Any] = []
    cursor: str | None = None
    while True:
        page = await fetch(cursor)
        items += page.items
        if page.next_cursor is None:
            return items
        assert len(page.items) == most
        cursor = page.next_cursor


async def connect(store: Store, *piles: str) -> None:
    for pile_id in piles:
        assert await store.connect_pile(pile_id, "gw-1", "2.0.1", "192.0.2.1", NOW)


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


# ---- piles and stations ----


async def test_piles_in_pages(network: Store) -> None:
    found = await all_pages(lambda cursor: network.piles(cursor=cursor, limit=2), 2)
    assert [card.pile.id for card in found] == ["pile-1", "pile-2", "pile-3"]
    assert found[0].owner == Owner(pile_id="pile-1")


async def test_ids_have_the_same_order_on_both_engines(network: Store) -> None:
    names = ["a", "B", "Z", "_", "é", "桩", "a-b", "ab", "a b"]
    await network.write(*[Pile(id=name, station_id="st-1") for name in names])
    found = await all_pages(lambda cursor: network.piles(cursor=cursor, limit=1), 1)
    expected = sorted([*names, "pile-1", "pile-2", "pile-3"], key=str.encode)
    assert [card.pile.id for card in found] == expected


@pytest.mark.parametrize(
    ("which", "expected"),
    [
        (PileFilter(), ["pile-1", "pile-2", "pile-3", "x-4"]),
        (PileFilter(station_id="st-1"), ["pile-1", "pile-2", "pile-3"]),
        (PileFilter(online=True), ["pile-2", "x-4"]),
        (PileFilter(online=False), ["pile-1", "pile-3"]),
        (PileFilter(text="PILE"), ["pile-1", "pile-2", "pile-3"]),
        (PileFilter(text="acme"), ["x-4"]),
        (PileFilter(text=" sn-7 "), ["x-4"]),
        (PileFilter(text="50%"), ["x-4"]),
        (PileFilter(text="%"), ["x-4"]),
        (PileFilter(text="_ile"), []),
        (PileFilter(online=True, station_id="st-1"), ["pile-2"]),
    ],
)
async def test_piles_by_station_connection_and_text(
    network: Store, which: PileFilter, expected: list[str]
) -> None:
    pile = Pile(id="x-4", station_id="st-2", name="at 50%", vendor="ACME", serial="SN-7")
    await network.write(replace(samples.STATION, id="st-2"), pile)
    await connect(network, "pile-1", "pile-2", "x-4")
    await network.disconnect_pile("pile-1", 1, after(1))
    assert [card.pile.id for card in (await network.piles(which)).items] == expected


async def test_evses_of_an_offline_pile_are_unknown(network: Store) -> None:
    rows = [replace(samples.EVSE, evse_id=number) for number in (2, 1)]
    await network.write(*rows, replace(samples.EVSE, pile_id="pile-2"))
    await connect(network, "pile-1")
    first, second, third = (await network.piles()).items
    assert first.evses == (rows[1], rows[0])
    assert second.evses == (replace(samples.EVSE, pile_id="pile-2", status=EvseStatus.UNKNOWN),)
    assert third.evses == ()
    detail = await network.pile_detail("pile-2")
    assert detail is not None
    assert detail.evses == second.evses
    assert await network.pile_detail("pile-9") is None


async def test_variables_and_events_of_a_pile(network: Store) -> None:
    def variable(component: str, name: str) -> PileVariable:
        return PileVariable(pile_id="pile-1", component=component, variable=name, reported_at=NOW)

    rows = [variable("B", "a"), variable("A", "b"), variable("A", "a")]
    await network.write(*rows, replace(rows[0], pile_id="pile-2"))
    assert await network.pile_variables("pile-1") == [rows[2], rows[1], rows[0]]


def evse(pile_id: str, number: int, status: EvseStatus) -> Evse:
    return Evse(pile_id=pile_id, evse_id=number, status=status)


@pytest.fixture
async def busy(network: Store) -> Store:
    """Two stations; pile-1 and pile-2 are connected, pile-3 and other-1 are not."""
    available, charging, broken = EvseStatus.AVAILABLE, EvseStatus.CHARGING, EvseStatus.OUTOFORDER
    await network.write(replace(samples.STATION, id="st-2"), Pile(id="other-1", station_id="st-2"))
    await connect(network, "pile-1", "pile-2", "pile-3")
    await network.disconnect_pile("pile-3", 1, NOW)
    await network.write(
        evse("pile-1", 1, charging),
        evse("pile-1", 2, available),
        evse("pile-2", 1, charging),
        evse("pile-2", 2, broken),
        evse("pile-3", 1, charging),
        evse("other-1", 1, available),
    )
    opened, stopped, closed = SessionState.OPEN, SessionState.STOPPED, SessionState.CLOSED
    await network.write(
        session(1, power_w=200_000, energy_wh=10_000, cost=Decimal("12.50")),
        session(2, pile_id="pile-2", power_w=100_000, energy_wh=5_000),
        session(
            3, pile_id="pile-3", power_w=50_000, energy_wh=1_000, cost=Decimal("1.000001"), currency="EUR"
        ),
        session(
            4,
            pile_id="pile-2",
            state=stopped,
            ended_at=after(-10),
            energy_wh=300,
            cost=Decimal("0.30"),
            power_w=9,
        ),
        session(5, state=closed, ended_at=after(-100), energy_wh=70_000, cost=Decimal("99.20")),
        session(6, state=closed, ended_at=after(-101), energy_wh=1_000_000, cost=Decimal(1000)),
        session(7, state=opened, station_id="st-2", pile_id="other-1"),
    )
    return network


async def test_the_overview(busy: Store) -> None:
    assert await busy.overview(NOW, after(-100)) == Overview(
        at=NOW,
        stations=2,
        piles=4,
        piles_online=2,
        evses={
            EvseStatus.CHARGING: 2,
            EvseStatus.AVAILABLE: 1,
            EvseStatus.OUTOFORDER: 1,
            EvseStatus.UNKNOWN: 2,
        },
        charging=2,
        sessions=5,
        power_w=300_000,
        sessions_today=6,
        energy_wh=86_300,
        revenue={"CNY": Decimal("112.00"), "EUR": Decimal("1.000001")},
    )


async def test_the_overview_of_nothing(store: Store) -> None:
    found = await store.overview(NOW, NOW)
    assert (found.piles, found.evses, found.power_w, found.energy_wh, found.revenue) == (0, {}, 0, 0, {})


async def test_what_goes_on_at_each_station(busy: Store) -> None:
    first, second = await all_pages(lambda cursor: busy.stations(cursor, 1), 1)
    assert (first.station.id, first.piles, first.piles_online) == ("st-1", 3, 2)
    assert first.evses == {
        EvseStatus.CHARGING: 2,
        EvseStatus.AVAILABLE: 1,
        EvseStatus.OUTOFORDER: 1,
        EvseStatus.UNKNOWN: 1,
    }
    assert (first.sessions, first.power_w) == (4, 300_000)
    assert (second.station.id, second.piles, second.piles_online) == ("st-2", 1, 0)
    assert (second.evses, second.sessions, second.power_w) == ({EvseStatus.UNKNOWN: 1}, 1, 0)
    assert await busy.station_card("st-1") == first
    assert await busy.station_card("st-9") is None


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
    await connect(network, "pile-2")
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
