"""The land outline under the map: no borders, only where there is land (world-atlas, public domain)."""

import math
from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import msgspec

Point = tuple[float, float]
SOURCE = Path(__file__).parent / "static" / "vendor" / "land.json"
WIDTH = 1000
# The outline goes on beyond the frame, so that the cut's own edge is never seen; smaller steps than this are left out.
_BEYOND = 40.0
_STEP = 0.8
_MAX_LATITUDE = 85.0


class _MultiPolygon(msgspec.Struct):
    coordinates: list[list[list[Point]]]


class Frame(NamedTuple):
    """A part of the world on a drawing of ``WIDTH`` × ``height``: Mercator, WGS-84 degrees in, drawing units out."""

    west: float
    north: float
    scale: float
    height: int

    def place(self, lon: float, lat: float) -> Point:
        """Return where a position lies in the drawing."""
        return (_x(lon) - self.west) * self.scale, (self.north - _y(lat)) * self.scale


def _x(lon: float) -> float:
    return math.radians(lon)


def _y(lat: float) -> float:
    return math.asinh(math.tan(math.radians(max(-_MAX_LATITUDE, min(_MAX_LATITUDE, lat)))))


def frame_of(positions: Sequence[Point], least_degrees: float = 1.5, margin: float = 0.08) -> Frame:
    """Return the frame that shows all positions (lon, lat) with a margin, no flatter than 2:1 and no higher than 5:4."""
    xs, ys = [_x(lon) for lon, _ in positions], [_y(lat) for _, lat in positions]
    least = math.radians(least_degrees)
    width = max(max(xs) - min(xs), least) * (1 + 2 * margin)
    height = max(max(ys) - min(ys), least) * (1 + 2 * margin)
    shown_width, shown_height = max(width, height / 0.8), max(height, width / 2)
    west = (max(xs) + min(xs) - shown_width) / 2
    north = (max(ys) + min(ys) + shown_height) / 2
    scale = WIDTH / shown_width
    return Frame(west, north, scale, round(shown_height * scale))


@lru_cache(maxsize=8)
def land_path(frame: Frame) -> str:
    """Return the land within a frame as the path of a drawing."""
    world = msgspec.json.decode(SOURCE.read_bytes(), type=_MultiPolygon)
    drawn = [_ring(frame, ring) for polygon in world.coordinates for ring in polygon]
    return "".join(path for path in drawn if path)


def _ring(frame: Frame, ring: Sequence[Point]) -> str:
    points = [frame.place(lon, lat) for lon, lat in ring]
    low_x, high_x = -_BEYOND, WIDTH + _BEYOND
    low_y, high_y = -_BEYOND, frame.height + _BEYOND
    sides: tuple[tuple[int, float, int], ...] = (
        (0, low_x, 1),
        (0, high_x, -1),
        (1, low_y, 1),
        (1, high_y, -1),
    )
    for axis, limit, sign in sides:
        points = _cut(points, axis, limit, sign)
        if not points:
            return ""
    return _path(_thinned(points))


def _cut(points: list[Point], axis: int, limit: float, sign: int) -> list[Point]:
    """Return what of a ring lies on one side of a line (Sutherland and Hodgman, 1974)."""
    inside: Callable[[Point], bool] = lambda point: (point[axis] - limit) * sign >= 0  # noqa: E731
    kept: list[Point] = []
    for before, point in zip([points[-1], *points[:-1]], points, strict=True):
        if inside(before) != inside(point):
            kept.append(_crossing(before, point, axis, limit))
        if inside(point):
            kept.append(point)
    return kept


def _crossing(a: Point, b: Point, axis: int, limit: float) -> Point:
    part = (limit - a[axis]) / (b[axis] - a[axis])
    return a[0] + (b[0] - a[0]) * part, a[1] + (b[1] - a[1]) * part


def _thinned(points: list[Point]) -> list[Point]:
    kept = [points[0]]
    for point in points[1:]:
        if abs(point[0] - kept[-1][0]) + abs(point[1] - kept[-1][1]) >= _STEP:
            kept.append(point)
    return kept if len(kept) > 2 else []


def _path(points: list[Point]) -> str:
    if not points:
        return ""
    first, *others = [f"{x:.1f} {y:.1f}".replace(".0", "") for x, y in points]
    return f"M{first}L{' '.join(others)}Z"
