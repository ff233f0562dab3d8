"""The map: land under marks, the worst status wins, names where there is room."""

from itertools import combinations

import pytest
from tests.console.conftest import NOW, Site

from forecourt.console.desk import desk_of
from forecourt.console.land import WIDTH, frame_of, land_path
from forecourt.console.languages import languages
from forecourt.console.map import map_of, worst
from forecourt.console.visit import Visit
from forecourt.domain.pile import EvseStatus
from forecourt.domain.station import Station
from forecourt.store.reads.stations import StationCard

CHINA = [(121.5, 31.2), (113.3, 23.1), (116.4, 39.9), (104.1, 30.7)]


def visit(site: Site, code: str = "en") -> Visit:
    return Visit(
        desk=desk_of(site.sv, site.hub),
        language=languages()[code],
        theme="auto",
        shortcuts=True,
        address="",
        here="/",
        csrf="",
        new_guest=False,
        now=NOW,
        mark="",
    )


def card(station_id: str, lon: float, lat: float, city: str = "", **evses: int) -> StationCard:
    counts = {EvseStatus(status): count for status, count in evses.items()}
    station = Station(
        id=station_id, name=f"Name {station_id}", city=city, city_zh=f"{city}市", lat=lat, lon=lon
    )
    return StationCard(station, 1, 1, counts, 0, 0)


def test_a_frame_shows_all_positions_with_a_margin() -> None:
    frame = frame_of(CHINA)
    for lon, lat in CHINA:
        x, y = frame.place(lon, lat)
        assert 40 < x < WIDTH - 40
        assert 40 < y < frame.height - 40
    assert 0.49 <= frame.height / WIDTH <= 0.81


@pytest.mark.parametrize("positions", [[(0.0, 0.0)], [(179.9, 89.9), (-179.9, -89.9)], [(121.5, 31.2)] * 3])
def test_a_frame_is_drawn_for_any_network(positions: list[tuple[float, float]]) -> None:
    frame = frame_of(positions)
    assert frame.height > 0
    assert all(0 <= value <= WIDTH for value in frame.place(*positions[0]))
    assert isinstance(land_path(frame), str)


def test_the_land_is_an_outline_of_the_right_place() -> None:
    frame = frame_of(CHINA)
    path = land_path(frame)
    assert path.startswith("M")
    assert path.endswith("Z")
    assert 2_000 < len(path) < 40_000
    # The middle of the Pacific has none.
    assert land_path(frame_of([(-140.0, 35.0)])) == ""


def test_the_worst_status_wins() -> None:
    order = [EvseStatus.AVAILABLE, EvseStatus.CHARGING, EvseStatus.RESERVED, EvseStatus.BLOCKED]
    order += [EvseStatus.INOPERATIVE, EvseStatus.UNKNOWN, EvseStatus.OUTOFORDER]
    for better, worse in combinations(order, 2):
        assert worst({better: 100, worse: 1}) is worse
    assert worst({EvseStatus.AVAILABLE: 0}) is EvseStatus.UNKNOWN
    assert worst({}) is EvseStatus.UNKNOWN


async def test_stations_of_a_city_are_one_mark_its_size_by_evses(empty: Site) -> None:
    cards = [
        card("a", 121.40, 31.20, "Shanghai", AVAILABLE=4),
        card("b", 121.50, 31.25, "Shanghai", AVAILABLE=3, OUTOFORDER=1),
        card("c", 113.30, 23.10, "Guangzhou", CHARGING=2),
        card("d", 116.40, 39.90, "Beijing"),
    ]
    found = map_of(visit(empty), cards)
    assert found is not None
    marks = {mark.href: mark for mark in found.marks}
    shanghai, guangzhou = marks["/stations?city=Shanghai"], marks["/stations/c"]
    assert shanghai.title == "Shanghai, 2 stations: Out of order 1, Available 7"
    assert shanghai.state.tone == "bad"
    assert guangzhou.title == "Name c: Charging 2"
    assert shanghai.r > guangzhou.r > marks["/stations/d"].r
    assert {label.text for label in found.labels} == {"Shanghai", "Guangzhou", "Beijing"}


async def test_stations_of_a_city_that_lie_apart_have_their_own_marks(empty: Site) -> None:
    near = [card("a", 121.40, 31.20, "Shanghai"), card("b", 121.60, 31.30, "Shanghai")]
    found = map_of(visit(empty), near)
    assert found is not None
    assert {mark.href for mark in found.marks} == {"/stations/a", "/stations/b"}


async def test_names_cover_nothing(empty: Site) -> None:
    cards = [card(f"s{n}", 113 + n % 7 * 0.6, 23 + n // 7 * 0.5, f"City number {n}") for n in range(49)]
    found = map_of(visit(empty), [*cards, card("far", 121.5, 40.0, "Far")])
    assert found is not None
    assert 5 < len(found.labels) < 50
    assert "Far" in {label.text for label in found.labels}


async def test_names_are_in_the_visitors_language(empty: Site) -> None:
    found = map_of(visit(empty, "zh"), [card("a", 121.4, 31.2, "Shanghai")])
    assert found is not None
    assert found.labels[0].text == "Shanghai市"


async def test_there_is_no_map_without_positions(empty: Site) -> None:
    assert map_of(visit(empty), []) is None
    assert map_of(visit(empty), [card("unassigned", 0.0, 0.0)]) is None
