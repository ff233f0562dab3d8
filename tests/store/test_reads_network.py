"""What lists and the overview say of stations and piles."""

from decimal import Decimal

import pytest
from msgspec.structs import replace
from tests.store import samples
from tests.store.pages import all_pages
from tests.store.samples import NOW, after, session

from forecourt.domain.pile import Evse, EvseStatus, Pile
from forecourt.domain.records import PileVariable
from forecourt.domain.session import SessionState
from forecourt.domain.tariff_version import tariff_version, version_of
from forecourt.store.reads.overview import Overview
from forecourt.store.reads.piles import PileFilter
from forecourt.store.records import Owner
from forecourt.store.store import Store


async def connect(store: Store, *piles: str) -> None:
    for pile_id in piles:
        assert await store.connect_pile(pile_id, "gw-1", "2.0.1", "192.0.2.1", NOW)


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


async def test_a_pile_that_speaks_of_itself_is_no_evse(busy: Store) -> None:
    """OCPP 1.6 §4.9: connectorId 0 is the pile."""
    before, cards = await busy.overview(NOW, NOW), await busy.stations()
    await busy.write(
        *[Evse(pile_id=f"pile-{n}", evse_id=0, status=EvseStatus.AVAILABLE) for n in range(1, 5)]
    )
    assert (await busy.overview(NOW, NOW)).evses == before.evses
    assert [card.evses for card in (await busy.stations()).items] == [card.evses for card in cards.items]


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


async def test_what_a_batch_of_bills_needs(network: Store) -> None:
    await network.write(samples.STATION, samples.PILE, tariff_version(samples.TARIFF))
    version = version_of(samples.TARIFF)
    assert await network.tariff_versions([version, "no"]) == {version: samples.TARIFF}
    assert await network.time_zones(["st-1", "no"]) == {"st-1": "Asia/Shanghai"}
    assert await network.ratings(["pile-1", "pile-2", "no"]) == {"pile-1": 600_000, "pile-2": None}
