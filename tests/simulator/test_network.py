"""The demo network: the mission's numbers, stable, unique, and where it says it is."""

from math import cos, hypot, radians

import msgspec
import pytest

from forecourt.simulator.network import DemoNetwork, build, cities


def test_the_network_of_the_mission() -> None:
    network = build()
    assert len(network.stations) == 54
    assert len({station.city for station in network.stations}) == 17
    assert len(network.piles) == 54 * 7
    assert {pile.power_w for pile in network.piles} == {600_000}
    assert {pile.version for pile in network.piles} == {"1.6", "2.0.1"}


def test_one_seed_one_network() -> None:
    assert build(20, 5) == build(20, 5)
    assert build(20, 5).tokens != build(20, 6).tokens


@pytest.mark.parametrize("stations", [1, 54, 200])
def test_ids_and_names_are_unique(stations: int) -> None:
    network = build(stations)
    assert len({station.id for station in network.stations}) == stations
    assert len({station.name for station in network.stations}) == stations
    assert len({station.name_zh for station in network.stations}) == stations
    assert len({pile.id for pile in network.piles}) == stations * 7
    assert len({token.uid for token in network.tokens}) == stations * 7 * 3


def test_every_station_has_both_versions() -> None:
    for station in build(20).stations:
        assert {pile.version for pile in station.piles} == {"1.6", "2.0.1"}


def test_stations_stand_around_the_centre_of_their_city() -> None:
    centre = {city.city: city for city in cities()}
    for station in build().stations:
        city = centre[station.city]
        north = (station.lat - city.lat) * 111.2
        east = (station.lon - city.lon) * 111.2 * cos(radians(city.lat))
        assert 1.4 < hypot(north, east) < 7.1


def test_tokens_fit_both_versions() -> None:
    tokens = build(54).tokens
    assert all(len(token.uid) <= 20 for token in tokens)  # OCPP 1.6 idToken: CiString20Type
    assert {token.kind for token in tokens} == {"RFID", "APP", "VIN"}
    assert len({token.brand for token in tokens}) > 10


def test_the_network_survives_a_file() -> None:
    network = build(3)
    assert msgspec.json.decode(msgspec.json.encode(network), type=DemoNetwork) == network


def test_station_ids_of_the_17_cities_do_not_collide() -> None:
    codes = [city.code for city in cities()]
    assert len(set(codes)) == 17
    assert {"SHA", "XIA", "QIN"} < set(codes)
