"""Load on a central system: many piles, each with one call outstanding, session after session.

    python -m forecourt.simulator.load --url ws://127.0.0.1:9000/ocpp --version 2.0.1 --piles 200 --json

Piles are named LOAD-00001 … and present the tokens LT000001 …; register both with the server first. A call is
good if its own CALLRESULT came; whatever else happened is counted by name under `errors`. Needs picows, whose
client costs a few µs a frame, so that the server is what is measured, and psutil.
"""

import argparse
import asyncio
import resource
import sys
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path

import msgspec
import psutil
import uvloop

from forecourt.simulator.load_pile import CallFailedError, LoadPile, Tally, connect
from forecourt.simulator.load_scripts import boot, session

CALL_TIMEOUT_S = 30.0
CONNECTING_AT_ONCE = 50
BOOT_ATTEMPTS = 5
DRAIN_S = 15.0


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """`watch`: processes whose CPU, children included, is read at both ends of the measured window."""

    url: str
    version: str
    piles: int = 200
    seconds: float = 10.0
    warmup_s: float = 2.0
    passwords: dict[str, str] = {}
    watch: tuple[int, ...] = ()


class Report(msgspec.Struct, kw_only=True):
    """One run. Latencies in ms; `cpu_us_per_call` is of the watched processes."""

    version: str
    piles: int
    booted: int
    seconds: float
    calls: int
    calls_per_s: float
    latency_ms: dict[str, float]
    latency_ms_by_action: dict[str, dict[str, float]]
    errors: dict[str, int]
    refused: int
    calls_from_server: int
    driver_cpu_s: float
    watched_cpu_s: float
    cpu_us_per_call: float


def pile_id(number: int) -> str:
    return f"LOAD-{number:05d}"


def token_uid(number: int) -> str:
    return f"LT{number:06d}"


async def run_load(options: Options) -> Report:
    """Connect, boot, warm up, measure, let open sessions end, close."""
    run, tally = time.time_ns() & 0xFFFFFFFFFF, Tally()
    piles = await _booted_piles(options, tally, run)
    stop = asyncio.Event()
    workers = [asyncio.create_task(_work(pile, options, n, run, stop)) for n, pile in piles.items()]
    sweeper = asyncio.create_task(_sweep(tuple(piles.values())))
    await asyncio.sleep(options.warmup_s)
    report = await _measure(options, tally, len(piles))
    stop.set()
    if workers:
        await asyncio.wait(workers, timeout=DRAIN_S)
    for task in (*workers, sweeper):
        task.cancel()
    for pile in piles.values():
        pile.close()
    await asyncio.gather(*workers, sweeper, return_exceptions=True)
    return report


async def _booted_piles(options: Options, tally: Tally, run: int) -> dict[int, LoadPile]:
    ready: dict[int, LoadPile] = {}
    numbers = iter(range(1, options.piles + 1))

    async def connect_next() -> None:
        for number in numbers:
            name = pile_id(number)
            password = options.passwords.get(name, "")
            pile = await connect(options.url, name, password, options.version, lambda: LoadPile(tally, run))
            if isinstance(pile, str):
                tally.errors[f"connect: {pile}"] += 1
            elif await _boot(pile, options.version):
                ready[number] = pile

    await asyncio.gather(*(connect_next() for _ in range(CONNECTING_AT_ONCE)))
    return ready


async def _boot(pile: LoadPile, version: str) -> bool:
    """Boot until accepted: a busy server answers Pending with an interval."""
    with suppress(CallFailedError):
        for _ in range(BOOT_ATTEMPTS):
            booted = await boot(pile.call, version)
            if booted.status == "Accepted":
                return True
            await asyncio.sleep(booted.interval or 1)
    return False


async def _work(pile: LoadPile, options: Options, number: int, run: int, stop: asyncio.Event) -> None:
    token, done = token_uid(number).encode(), 0
    while not stop.is_set() and pile.connected:
        with suppress(CallFailedError):
            await session(pile.call, options.version, token, done, (run << 24) + number)
        done += 1


async def _sweep(piles: Sequence[LoadPile]) -> None:
    while True:
        await asyncio.sleep(1)
        for pile in piles:
            pile.expire(time.perf_counter() - CALL_TIMEOUT_S)


async def _measure(options: Options, tally: Tally, booted: int) -> Report:
    connect_errors = tally.errors
    tally.reset()
    began, watched, driver = time.perf_counter(), _cpu_s(options.watch), time.process_time()
    await asyncio.sleep(options.seconds)
    seconds = time.perf_counter() - began
    watched, driver = _cpu_s(options.watch) - watched, time.process_time() - driver
    by_action = {action.decode(): _latency(values) for action, values in tally.latency_s.items()}
    calls = sum(len(values) for values in tally.latency_s.values())
    return Report(
        version=options.version,
        piles=options.piles,
        booted=booted,
        seconds=round(seconds, 3),
        calls=calls,
        calls_per_s=round(calls / seconds, 1),
        latency_ms=_latency(value for values in tally.latency_s.values() for value in values),
        latency_ms_by_action=by_action,
        errors=dict(connect_errors + tally.errors),
        refused=tally.refused,
        calls_from_server=tally.calls_from_server,
        driver_cpu_s=round(driver, 3),
        watched_cpu_s=round(watched, 3),
        cpu_us_per_call=round(watched * 1e6 / calls, 2) if calls else 0.0,
    )


def _cpu_s(pids: Iterable[int]) -> float:
    """CPU seconds used so far by these processes and their living children."""
    roots = [psutil.Process(pid) for pid in pids]
    tree = [process for root in roots for process in (root, *root.children(recursive=True))]
    return float(sum(times.user + times.system for times in (process.cpu_times() for process in tree)))


def _latency(seconds: Iterable[float]) -> dict[str, float]:
    ordered = sorted(seconds)
    if not ordered:
        return {}
    at = {"p50": 0.5, "p99": 0.99, "max": 1.0}
    last = len(ordered) - 1
    return {name: round(ordered[round(part * last)] * 1000, 3) for name, part in at.items()}


def _arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m forecourt.simulator.load", description=__doc__)
    parser.add_argument("--url", required=True, help="without the pile's id: ws://127.0.0.1:9000/ocpp")
    parser.add_argument("--version", required=True, choices=["1.6", "2.0.1"])
    parser.add_argument("--piles", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=10.0, help="length of the measured window")
    parser.add_argument("--warmup", type=float, default=2.0, help="seconds of load before it")
    parser.add_argument("--passwords", type=Path, help="JSON file: pile id → password")
    parser.add_argument("--watch", type=int, action="append", default=[], metavar="PID")
    parser.add_argument("--json", action="store_true")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code 0 if every pile booted and no call failed, else 1."""
    given = _arguments(arguments)
    options = Options(
        url=given.url,
        version=given.version,
        piles=given.piles,
        seconds=given.seconds,
        warmup_s=given.warmup,
        passwords=msgspec.json.decode(given.passwords.read_bytes()) if given.passwords else {},
        watch=tuple(given.watch),
    )
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        report = runner.run(run_load(options))
    sys.stdout.write(_json(report) if given.json else _text(report))
    return 0 if report.booted == report.piles and not report.errors else 1


def _json(report: Report) -> str:
    return msgspec.json.format(msgspec.json.encode(report), indent=1).decode() + "\n"


def _text(report: Report) -> str:
    lines = (f"{name:22} {value}" for name, value in msgspec.to_builtins(report).items())
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    raise SystemExit(main())
