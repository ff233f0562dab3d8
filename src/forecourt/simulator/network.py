"""The demo network: stations, piles and drivers of the mission's size, the same for the same seed.

Real: the cities, their positions (GeoNames, CC BY 4.0), the number of stations and piles, the power of a
pile. Illustrative: which 17 cities, every name, address, position within a city, grid connection, vendor
and driver. `docs/reference/demo-network.md` says the same to the reader.
"""

import csv
import math
from collections.abc import Sequence
from importlib.resources import files
from random import Random

import msgspec

from forecourt.twin.cars import CarModel, parse_cars

CITIES = 17
STATIONS = 54
PILES_PER_STATION = 7
PILE_POWER_W = 600_000
PILE_MAX_A = 600
TOKENS_PER_PILE = 3
TIME_ZONE = "Asia/Shanghai"


class DemoPile(msgspec.Struct, frozen=True, kw_only=True):
    """One charging device; `version` is "1.6" or "2.0.1"; each of `connectors` is an EVSE of its own."""

    id: str
    version: str
    power_w: int = PILE_POWER_W
    max_current_a: int = PILE_MAX_A
    connectors: int = 1
    vendor: str
    model: str
    firmware: str


class DemoStation(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    name: str
    name_zh: str
    address: str
    city: str
    city_zh: str
    province: str
    province_zh: str
    lat: float
    lon: float
    time_zone: str
    grid_w: int
    piles: tuple[DemoPile, ...]


class DemoToken(msgspec.Struct, frozen=True, kw_only=True):
    """What identifies a driver. `type`: OCPP 2.0.1 IdTokenEnumType; `kind`: RFID, APP or VIN."""

    uid: str
    type: str
    kind: str
    brand: str
    driver: str


class DemoNetwork(msgspec.Struct, frozen=True, kw_only=True):
    """Each pile has its own `TOKENS_PER_PILE` drivers, by order of piles: nobody is at two at once."""

    seed: int
    stations: tuple[DemoStation, ...]
    tokens: tuple[DemoToken, ...]

    @property
    def piles(self) -> tuple[DemoPile, ...]:
        return tuple(pile for station in self.stations for pile in station.piles)


class City(msgspec.Struct, frozen=True, kw_only=True):
    code: str
    city: str
    city_zh: str
    province: str
    province_zh: str
    lat: float
    lon: float


# (English, Chinese, street): kinds of places that have such stations; no place in particular.
PLACES = (
    ("Exhibition Centre", "会展中心", "Exhibition Avenue"),
    ("High-Speed Rail", "高铁站", "Station Road"),
    ("Software Park", "软件园", "Innovation Road"),
    ("North Ring", "北环", "North Ring Road"),
    ("Lakeside Mall", "湖滨商场", "Lakeside Road"),
    ("Sports Park", "体育公园", "Stadium Road"),
    ("Airport Road", "机场路", "Airport Road"),
    ("Finance City", "金融城", "Finance Street"),
)
# (vendor, model, version, firmware): two makes at each station. Invented names.
MAKES = (
    ("Jiangnan Power", "JP-600L", "2.0.1", "3.4.1"),
    ("Beishan Electric", "BS600", "1.6", "1.18.0"),
    ("Hailan Energy", "HL-U600", "2.0.1", "2.0.7"),
    ("Xiling", "XL-6", "1.6", "5.2.2"),
)
GRID_W = (1_600_000, 2_000_000, 2_500_000, 3_150_000)
# City centres by the sea or a border: (from, to) bearings in degrees that stay on this side of it.
BEARINGS = {"Shenzhen": (285, 435), "Qingdao": (345, 420)}
# Token kinds by turns: (kind, OCPP 2.0.1 type, characters drawn, their number).
KINDS = (
    ("RFID", "ISO14443", "0123456789ABCDEF", 14),
    ("APP", "Central", "ABCDEFGHJKLMNPQRSTUVWXYZ23456789", 12),
    ("VIN", "Local", "ABCDEFGHJKLMNPRSTUVWXYZ0123456789", 17),
)


def read_text(package: str, name: str) -> str:
    return files(package).joinpath("data", name).read_text("utf-8")


def cars() -> tuple[CarModel, ...]:
    """The car models of `twin/data/vehicles.csv`."""
    return parse_cars(read_text("forecourt.twin", "vehicles.csv"))


def cities() -> tuple[City, ...]:
    """The first 17 cities by tier and rank of `simulator/data/cities.csv`; `code` begins station ids."""
    rows = list(csv.DictReader(read_text("forecourt.simulator", "cities.csv").splitlines()))
    return tuple(_city(row) for row in rows[:CITIES])


def build(stations: int = STATIONS, seed: int = 1) -> DemoNetwork:
    """A network of so many stations (≥ 1), city by city in turn."""
    rng, places = Random(seed), cities()  # noqa: S311 (a picture of a network, not a secret)
    made = tuple(_station(rng, index, places[index % CITIES]) for index in range(stations))
    brands = sorted({car.brand for car in cars()})
    piles = sum(len(station.piles) for station in made)
    return DemoNetwork(seed=seed, stations=made, tokens=_tokens(rng, piles * TOKENS_PER_PILE, brands))


def _city(row: dict[str, str]) -> City:
    letters = [letter for letter in row["city_en"].upper() if letter.isalpha()]
    return City(
        code="".join(letters[:3]),
        city=row["city_en"],
        city_zh=row["city_zh"],
        province=row["province_en"],
        province_zh=row["province_zh"],
        lat=float(row["lat"]),
        lon=float(row["lon"]),
    )


def _station(rng: Random, index: int, city: City) -> DemoStation:
    turn, rank = divmod(index, CITIES)
    place, place_zh, street = PLACES[(turn + rank) % len(PLACES)]
    again = f" {turn // len(PLACES) + 1}" if turn >= len(PLACES) else ""
    station_id = f"{city.code}-{turn + 1:02d}"
    lat, lon = _position(rng, city)
    return DemoStation(
        id=station_id,
        name=f"{city.city} {place} Supercharging Station{again}",
        name_zh=f"{city.city_zh}{place_zh}超充站{again}",
        address=f"{rng.randrange(1, 400)} {street}, {city.city} (illustrative)",
        city=city.city,
        city_zh=city.city_zh,
        province=city.province,
        province_zh=city.province_zh,
        lat=lat,
        lon=lon,
        time_zone=TIME_ZONE,
        grid_w=GRID_W[rng.randrange(len(GRID_W))],
        piles=tuple(_pile(station_id, index, number) for number in range(1, PILES_PER_STATION + 1)),
    )


def _position(rng: Random, city: City) -> tuple[float, float]:
    """Between 1.5 and 7 km from the centre: 1° of latitude is 111.2 km."""
    low, high = BEARINGS.get(city.city, (0, 360))
    bearing, km = math.radians(rng.uniform(low, high)), rng.uniform(1.5, 7)
    lat = city.lat + km / 111.2 * math.cos(bearing)
    lon = city.lon + km / 111.2 * math.sin(bearing) / math.cos(math.radians(city.lat))
    return round(lat, 5), round(lon, 5)


def _pile(station_id: str, station: int, number: int) -> DemoPile:
    """Piles 1 to 4 are of one make (2.0.1), 5 to 7 of another (1.6)."""
    vendor, model, version, firmware = MAKES[(station % 2) * 2 + (number > 4)]
    return DemoPile(
        id=f"{station_id}-{number}", version=version, vendor=vendor, model=model, firmware=firmware
    )


def _tokens(rng: Random, wanted: int, brands: Sequence[str]) -> tuple[DemoToken, ...]:
    found: dict[str, DemoToken] = {}
    while len(found) < wanted:
        token = _token(rng, len(found), brands)
        found.setdefault(token.uid, token)
    return tuple(found.values())


def _token(rng: Random, index: int, brands: Sequence[str]) -> DemoToken:
    kind, type_, letters, length = KINDS[index % len(KINDS)]
    return DemoToken(
        uid="".join(rng.choices(letters, k=length)),
        type=type_,
        kind=kind,
        brand=brands[rng.randrange(len(brands))],
        driver=f"Driver {index + 1}",
    )
