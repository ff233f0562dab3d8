"""The map of the stations: one mark for each city, or station where they lie apart; the worst status wins."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from math import hypot, sqrt
from typing import NamedTuple

from forecourt.console.land import WIDTH, Frame, frame_of, land_path
from forecourt.console.render import link
from forecourt.console.visit import Visit
from forecourt.console.words import EVSE, State
from forecourt.domain.pile import EvseStatus
from forecourt.store.reads.stations import StationCard

# Stations of a city that are drawn nearer than this to its middle are one mark.
_TOGETHER = 26.0
_LETTER = 16.0
_LINE = 20.0


class Mark(NamedTuple):
    """A circle on the map, its size by the number of EVSEs, and what it says when asked."""

    x: float
    y: float
    r: float
    state: State
    title: str
    href: str


class Label(NamedTuple):
    """A name beside a mark."""

    x: float
    y: float
    anchor: str
    text: str


class Map(NamedTuple):
    """What the template draws."""

    frame: Frame
    land: str
    marks: Sequence[Mark]
    labels: Sequence[Label]


def worst(evses: Mapping[EvseStatus, int]) -> EvseStatus:
    """Return the worst status that occurs; a station that has told of no EVSE yet is UNKNOWN."""
    return next((status for status in EVSE if evses.get(status)), EvseStatus.UNKNOWN)


def map_of(visit: Visit, cards: Sequence[StationCard]) -> Map | None:
    """Return the map; None while there are no stations."""
    placed = [card for card in cards if card.station.lat or card.station.lon]
    if not placed:
        return None
    frame = frame_of([(card.station.lon, card.station.lat) for card in placed])
    groups = [group for city in _by_city(placed) for group in _together(frame, city)]
    found = sorted(((group, _mark(visit, frame, group)) for group in groups), key=lambda item: -item[1].r)
    return Map(frame, land_path(frame), [mark for _, mark in found], _labels(visit, frame, found))


def _by_city(cards: Iterable[StationCard]) -> Iterable[list[StationCard]]:
    cities: dict[tuple[str, str], list[StationCard]] = defaultdict(list)
    for card in cards:
        cities[card.station.country, card.station.city or card.station.id].append(card)
    return cities.values()


def _together(frame: Frame, cards: list[StationCard]) -> list[list[StationCard]]:
    x, y = _middle(frame, cards)
    far = any(hypot(a - x, b - y) > _TOGETHER for a, b in (_place(frame, card) for card in cards))
    return [[card] for card in cards] if far else [cards]


def _place(frame: Frame, card: StationCard) -> tuple[float, float]:
    return frame.place(card.station.lon, card.station.lat)


def _middle(frame: Frame, cards: Sequence[StationCard]) -> tuple[float, float]:
    places = [_place(frame, card) for card in cards]
    return sum(x for x, _ in places) / len(places), sum(y for _, y in places) / len(places)


def _mark(visit: Visit, frame: Frame, cards: list[StationCard]) -> Mark:
    totals: dict[EvseStatus, int] = defaultdict(int)
    for card in cards:
        for status, count in card.evses.items():
            totals[status] += count
    x, y = _middle(frame, cards)
    one = cards[0].station
    href = link("/stations", one.id) if len(cards) == 1 else link("/stations", city=one.city)
    radius = 9 + 1.5 * sqrt(sum(totals.values()))
    return Mark(
        round(x, 1), round(y, 1), round(radius, 1), EVSE[worst(totals)], _title(visit, cards, totals), href
    )


def _title(visit: Visit, cards: list[StationCard], totals: Mapping[EvseStatus, int]) -> str:
    name = visit.name_of(cards[0].station) if len(cards) == 1 else visit.city_of(cards[0].station)
    many = visit.n("%(count)d station", "%(count)d stations", len(cards))
    parts = [f"{visit.t(EVSE[status].label)} {totals[status]}" for status in EVSE if totals.get(status)]
    head = name if len(cards) == 1 else f"{name}, {many}"
    return f"{head}: {', '.join(parts)}" if parts else head


def _labels(visit: Visit, frame: Frame, found: Sequence[tuple[list[StationCard], Mark]]) -> list[Label]:
    """Place names where nothing is covered: right, left, above or below its mark, else none."""
    taken = [(mark.x - mark.r, mark.y - mark.r, mark.x + mark.r, mark.y + mark.r) for _, mark in found]
    labels = []
    for cards, mark in found:
        text = visit.city_of(cards[0].station) or visit.name_of(cards[0].station)
        for label, box in _positions(mark, text):
            if _fits(frame, box, taken):
                labels.append(label)
                taken.append(box)
                break
    return labels


Box = tuple[float, float, float, float]


def _positions(mark: Mark, text: str) -> Iterable[tuple[Label, Box]]:
    wide = sum(_LETTER if ord(letter) > 0x2E7F else _LETTER * 0.58 for letter in text)
    x, y, gap = mark.x, mark.y, mark.r + 5
    right, left = x + gap, x - gap
    yield Label(right, y + 4.5, "start", text), (right, y - _LINE / 2, right + wide, y + _LINE / 2)
    yield Label(left, y + 4.5, "end", text), (left - wide, y - _LINE / 2, left, y + _LINE / 2)
    for base in (y + gap + 11, y - gap - 2):
        yield Label(x, base, "middle", text), (x - wide / 2, base - 13, x + wide / 2, base + 4)


def _fits(frame: Frame, box: Box, taken: Sequence[Box]) -> bool:
    inside = box[0] > 4 and box[2] < WIDTH - 4 and box[1] > 4 and box[3] < frame.height - 4
    return inside and not any(_overlap(box, other) for other in taken)


def _overlap(a: Box, b: Box) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]
