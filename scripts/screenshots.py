"""The pictures in docs/screenshots/, from a running demo: `make screenshots`, or `python -m scripts.screenshots --url …`.

Looks at every picture's page as a reader of the README would: overview in light, dark and Chinese, a station, a pile, a
running session, and the price of a billed one.
"""

import argparse
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from playwright.sync_api import Browser, Page, sync_playwright
from tests.support import chromium

ROOT = Path(__file__).resolve().parents[1]
OUT = ROOT / "docs" / "screenshots"
SIZE = (1440, 900)
# A charge takes half an hour of business time; it has to be paid for, and the car has to go.
SPEED = 30
WAIT_S = 300
ENERGY_KWH = 25


class Door(NamedTuple):
    """Where the console is, and who signs in."""

    url: str
    name: str
    password: str


class Shot(NamedTuple):
    """A picture: its name, what is looked at, and how."""

    name: str
    path: str
    theme: str = "light"
    language: str = "en-GB"
    height: int = SIZE[1]
    scroll_to: str = ""


def main() -> None:
    options = _options()
    if options.url:
        take(Door(options.url.rstrip("/"), options.name, options.password))
        return
    with demo(options.stations, options.seed) as door:
        take(door)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--url", help="a console that runs already; else a demo is started")
    parser.add_argument("--name", default="admin")
    parser.add_argument("--password", default="")
    parser.add_argument("--stations", type=int, default=54)
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args()


@contextmanager
def demo(stations: int, seed: int) -> Iterator[Door]:
    """A demo of its own, on free ports, ended afterwards."""
    http, ocpp = _free_ports(2)
    command = [str(Path(sys.executable).with_name("forecourt")), "demo", "--stations", str(stations)]
    command += ["--seed", str(seed), "--speed", str(SPEED), "--port", str(http), "--ocpp-port", str(ocpp)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield _door(process)
        finally:
            process.terminate()


def _free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


def _door(process: "subprocess.Popen[str]") -> Door:
    """What the demo prints: `console URL` and `sign in NAME PASSWORD`."""
    url = ""
    for line in process.stdout or ():
        words = line.split()
        if words[:1] == ["console"]:
            url = words[1]
        if words[:2] == ["sign", "in"]:
            return Door(url, words[2], words[3])
    raise SystemExit("the demo ended before it said where it is")


def take(door: Door) -> None:
    """Take all pictures."""
    OUT.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        program = chromium.find_or_install()
        browser = playwright.chromium.launch(executable_path=program, args=chromium.arguments())
        running, billed, pile = _subjects(_page(browser, door, Shot("", "/")), door)
        for shot in _shots(running, billed, pile):
            _take(browser, door, shot)
        browser.close()


def _shots(running: str, billed: str, pile: str) -> list[Shot]:
    station = pile.rpartition("-")[0]
    return [
        Shot("overview", "/"),
        Shot("overview-dark", "/", theme="dark"),
        Shot("overview-zh", "/", language="zh-CN"),
        Shot("station", f"/stations/{station}"),
        Shot("pile", f"/piles/{pile}", theme="dark"),
        Shot("session", f"/sessions/{running}"),
        Shot("price", f"/sessions/{billed}", height=1300, scroll_to="#bill"),
        Shot("log", f"/piles/{pile}/log"),
    ]


def _subjects(page: Page, door: Door) -> tuple[str, str, str]:
    """A session that runs, one that is billed, and the pile of the first; waits until there are such."""
    until = time.monotonic() + WAIT_S
    while time.monotonic() < until:
        billed = _billed(page, door)
        if billed:
            session, pile = _running(page, door)
            return session, billed, pile
        time.sleep(5)
    raise SystemExit(f"no session was billed within {WAIT_S} s")


def _cells(page: Page) -> list[list[str]]:
    """The rows of the table of sessions."""
    return [row.split("\t") for row in page.locator("tbody tr").all_inner_texts()]


def _running(page: Page, door: Door) -> tuple[str, str]:
    """A session that has charged for a while and will go on for longest, and its pile."""
    page.goto(door.url + "/sessions?state=open")
    rows = [row for row in _cells(page) if row[7][:1].isdigit() and float(row[8].split()[0]) > 5]
    row = min(rows, key=lambda row: int(row[7].split()[0]))
    return row[0], row[2]


def _billed(page: Page, door: Door) -> str:
    """The session with most energy among the last that are billed; empty while there is none that is worth a look."""
    page.goto(door.url + "/sessions?state=closed")
    by_energy = sorted(((float(row[8].split()[0]), row[0]) for row in _cells(page)), reverse=True)
    for energy_kwh, session in by_energy[:5]:
        page.goto(f"{door.url}/sessions/{session}")
        if energy_kwh > ENERGY_KWH and page.locator("#bill", has_text=f"CDR {session}-").count():
            return session
    return ""


def _take(browser: Browser, door: Door, shot: Shot) -> None:
    page = _page(browser, door, shot)
    page.goto(door.url + shot.path)
    page.wait_for_timeout(1500)
    if shot.scroll_to:
        page.locator(shot.scroll_to).scroll_into_view_if_needed()
        page.evaluate("at => document.querySelector(at).scrollIntoView()", shot.scroll_to)
        page.wait_for_timeout(300)
    page.screenshot(path=OUT / f"{shot.name}.png")
    page.context.close()
    print(f"{OUT.relative_to(ROOT)}/{shot.name}.png")


def _page(browser: Browser, door: Door, shot: Shot) -> Page:
    """A page in which the operator is signed in."""
    context = browser.new_context(
        viewport={"width": SIZE[0], "height": shot.height},
        locale=shot.language,
        color_scheme="dark" if shot.theme == "dark" else "light",
    )
    page = context.new_page()
    page.goto(door.url + "/sign-in")
    page.fill("[name=username]", door.name)
    page.fill("[name=password]", door.password)
    page.click(".sign-in button")
    page.wait_for_load_state("load")
    return page


if __name__ == "__main__":
    main()
