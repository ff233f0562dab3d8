"""The build of what the pages load in the browser."""

import json
from pathlib import Path

import pytest

from scripts import assets

# Two triangles that share one arc, walked forwards by the one and backwards by the other.
TOPOLOGY = {
    "transform": {"scale": [0.5, 0.5], "translate": [100, 20]},
    "arcs": [[[0, 0], [4, 4]], [[4, 4], [0, -4], [-4, 0]], [[0, 0], [0, 4], [4, 0]]],
    "objects": {"land": {"geometries": [{"arcs": [[[0, 1]], [[2, -1]]]}]}},
}


def test_land_is_stitched_from_arcs() -> None:
    assert assets.land(TOPOLOGY) == {
        "type": "MultiPolygon",
        "coordinates": [
            [[(100.0, 20.0), (102.0, 22.0), (102.0, 20.0), (100.0, 20.0)]],
            [[(100.0, 20.0), (100.0, 22.0), (102.0, 22.0), (100.0, 20.0)]],
        ],
    }


def test_what_is_installed_was_built_from_the_lock() -> None:
    assert assets.up_to_date(), "run `make setup`"
    assert all((assets.VENDOR / name).is_file() for name in [*assets.FILES.values(), assets.LAND[1]])


def test_every_outline_is_closed_and_on_the_globe() -> None:
    land = json.loads((assets.VENDOR / "land.json").read_text())
    rings = [ring for polygon in land["coordinates"] for ring in polygon]
    assert len(rings) > 1000
    assert all(ring[0] == ring[-1] for ring in rings)
    assert all(-180 <= x <= 180 and -90 <= y <= 90 for ring in rings for x, y in ring)


def test_a_changed_lock_is_noticed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "package-lock.json").write_text("{}")
    monkeypatch.setattr(assets, "PACKAGES", tmp_path)
    assert not assets.up_to_date()
