"""Measures what a call costs: `make bench`, or `python -m bench --help`.

Every server runs for the whole time in a process of its own; the load (`forecourt.simulator.load`) is another one. The
windows of the servers take turns, so that whatever else the machine does falls on all of them.
"""

import argparse
import itertools
import subprocess
import sys
from collections import defaultdict
from collections.abc import Sequence
from contextlib import ExitStack

import msgspec

from bench import servers
from bench.servers import Server
from bench.table import FLOOR, LIBRARY, POSTGRES, SQLITE, Case, Results, machine, progress, table, verdicts
from forecourt.simulator.load import Report

VERSIONS = ("2.0.1", "1.6")


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code 0 when no call failed, else 1; a missed goal is printed, not an error."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    options = _options(given)
    print(machine(given), flush=True)
    results = measure(options)
    print(f"\n{table(results)}\n\n{verdicts(results)}")
    failed = [report for reports in results.values() for report in reports if report.errors]
    for report in failed:
        progress(f"errors with {report.piles} piles, {report.version}: {report.errors}")
    return 1 if failed else 0


def measure(options: argparse.Namespace) -> Results:
    """Run all windows of all cases."""
    results: defaultdict[tuple[Case, str], list[Report]] = defaultdict(list)
    with ExitStack() as stack:
        compared = _start(stack, options)
        cases = [Case(version, piles) for version in options.versions for piles in options.piles]
        for case, window in itertools.product(cases, range(options.windows)):
            for name, server in compared.items():
                report = _window(case, server, options)
                results[case, name].append(report)
                progress(
                    f"{case.version:6} {case.piles:5} piles  window {window + 1}  {name:22}"
                    f" {report.calls_per_s:9.0f} calls/s  {report.cpu_us_per_call:7.1f} µs CPU a call"
                )
    return results


def _start(stack: ExitStack, options: argparse.Namespace) -> dict[str, Server]:
    most = max(options.piles)
    compared = {
        FLOOR: stack.enter_context(servers.bare("bench.floor")),
        LIBRARY: stack.enter_context(servers.bare("bench.library")),
        SQLITE: stack.enter_context(servers.forecourt(most)),
    }
    if options.postgres:
        database = servers.forecourt(most, options.postgres, options.postgres_pid)
        compared[POSTGRES] = stack.enter_context(database)
    return compared


def _window(case: Case, server: Server, options: argparse.Namespace) -> Report:
    command = [sys.executable, "-m", "forecourt.simulator.load", "--json", "--url", server.url]
    command += ["--version", case.version, "--piles", str(case.piles)]
    command += ["--seconds", str(options.seconds), "--warmup", str(options.warmup)]
    command += [word for pid in server.pids for word in ("--watch", str(pid))]
    if server.passwords:
        command += ["--passwords", str(server.passwords)]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=False)
    if not done.stdout:
        raise SystemExit(f"the load ended with exit code {done.returncode}")
    return msgspec.json.decode(done.stdout, type=Report)


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--piles", type=_numbers, default=[200, 1000], help="sizes of the fleet: 200,1000")
    parser.add_argument("--versions", type=_versions, default=list(VERSIONS), help="2.0.1,1.6")
    parser.add_argument(
        "--windows", type=int, default=5, help="windows for each server and case; the median counts"
    )
    parser.add_argument("--seconds", type=float, default=8.0, help="length of a window")
    parser.add_argument("--warmup", type=float, default=3.0, help="seconds of load before each")
    parser.add_argument("--postgres", metavar="URL", default="", help="also measure on this, empty, database")
    parser.add_argument(
        "--postgres-pid", type=int, metavar="PID", help="its server's process: count its CPU too"
    )
    return parser.parse_args(arguments)


def _numbers(text: str) -> list[int]:
    return [int(part) for part in text.split(",")]


def _versions(text: str) -> list[str]:
    versions = text.split(",")
    if unknown := set(versions) - set(VERSIONS):
        raise argparse.ArgumentTypeError(f"no such version: {', '.join(sorted(unknown))}")
    return versions


if __name__ == "__main__":
    raise SystemExit(main())
