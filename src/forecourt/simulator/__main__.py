"""`python -m forecourt.simulator`: virtual piles of the demo network against a running central system.

With --pile, that one pile and one charge instead. Stops on SIGINT and SIGTERM, and prints one line of JSON:
what happened, counted.
"""

import argparse
import asyncio
import os
import resource
import signal
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import uvloop

from forecourt.clock import ScaledClock
from forecourt.simulator.fleet import Plan, run_fleet
from forecourt.simulator.network import STATIONS, DemoNetwork, build
from forecourt.simulator.one_charge import ChargeError, Order, charge_once
from forecourt.simulator.pile import VERSIONS


def main(arguments: Sequence[str] | None = None) -> int:
    given = _parser().parse_args(arguments)
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            counted = runner.run(_run(given))
    except ChargeError as error:
        sys.stderr.write(f"simulator: {error}\n")
        return 1
    sys.stdout.write(msgspec.json.encode(counted).decode() + "\n")
    return 0


async def _run(given: argparse.Namespace) -> dict[str, int]:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(name, stop.set)
    if given.pile:
        return await charge_once(_order(given), lambda text: print(text, file=sys.stderr), stop)  # noqa: T201
    orphaned = asyncio.create_task(_stop_if_orphaned(os.getppid() if given.with_parent else None, stop))
    try:
        return await run_fleet(_plan(given), stop)
    finally:
        orphaned.cancel()


async def _stop_if_orphaned(parent: int | None, stop: asyncio.Event) -> None:
    """A killed parent can't stop its child: the child looks."""
    while parent is not None and os.getppid() == parent:  # noqa: ASYNC110 (no event tells it)
        await asyncio.sleep(1)
    if parent is not None:
        stop.set()


def _plan(given: argparse.Namespace) -> Plan:
    if given.network:
        network = msgspec.json.decode(given.network.read_bytes(), type=DemoNetwork)
    else:
        network = build(given.stations, given.seed)
    passwords: dict[str, str] = {}
    if given.passwords:
        passwords = msgspec.json.decode(given.passwords.read_bytes(), type=dict[str, str])
    return Plan(
        url=given.url,
        network=network,
        clock=ScaledClock(given.epoch, given.monotonic_start, given.speed),
        run=f"{time.time_ns():x}",
        passwords=passwords,
        visits_per_day=given.visits_per_day,
        busy_at_start=given.busy_at_start,
        ramp_s=given.ramp,
    )


def _order(given: argparse.Namespace) -> Order:
    return Order(
        url=given.url,
        pile_id=given.pile,
        password=given.password,
        version=given.version,
        token=given.token,
        seconds=given.seconds,
        clock=ScaledClock(given.epoch, given.monotonic_start, given.speed),
        run=f"{time.time_ns():x}",
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m forecourt.simulator", description=__doc__)
    add = parser.add_argument
    add("--url", required=True, help="without the pile's id: ws://127.0.0.1:9000/ocpp")
    add("--network", type=Path, help="JSON file of a DemoNetwork; else one is built")
    add("--stations", type=int, default=STATIONS)
    add("--seed", type=int, default=1)
    add("--passwords", type=Path, help="JSON file: pile id → password")
    add("--speed", type=_positive, default=1.0, help="business seconds per real second")
    add(
        "--epoch",
        type=_instant,
        default=datetime.now(UTC),
        help="business time (RFC 3339) at --monotonic-start",
    )
    add("--monotonic-start", type=float, default=time.monotonic(), help="reading of the monotonic clock")
    add("--visits-per-day", type=float, default=24.0, help="cars a day to each EVSE; 0: none comes by itself")
    add("--busy-at-start", type=float, default=0.45, help="share of EVSEs that begin with a car")
    add("--ramp", type=float, default=8.0, help="real seconds within which all piles connect")
    one = parser.add_argument_group("one pile, one charge")
    one.add_argument("--pile", help="id of a pile that the central system knows")
    one.add_argument("--password", default="", help="its password (HTTP Basic)")
    one.add_argument("--version", choices=sorted(VERSIONS), default="1.6", help="OCPP version that it speaks")
    one.add_argument("--token", default="CARD1", help="what its driver presents")
    one.add_argument("--seconds", type=_positive, default=60.0, help="how long it charges, in real seconds")
    add("--with-parent", action="store_true", help="stop when the parent process is gone")
    return parser


def _positive(text: str) -> float:
    value = float(text)
    if value <= 0:
        raise argparse.ArgumentTypeError("must be more than 0")
    return value


def _instant(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise argparse.ArgumentTypeError("needs a zone, such as 2026-01-02T03:04:05Z")
    return moment.astimezone(UTC)


if __name__ == "__main__":
    raise SystemExit(main())
