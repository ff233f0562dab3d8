"""What the benchmark prints: the machine, the table, and how it stands to the goals."""

import os
import platform
import shlex
import statistics
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

import msgspec

from forecourt.simulator.load import Report

FLOOR, LIBRARY, SQLITE, POSTGRES = "bare server", "ocpp library", "Forecourt, SQLite", "Forecourt, PostgreSQL"
GOAL_FLOOR, GOAL_LIBRARY = 8.0, 8.0


class Case(msgspec.Struct, frozen=True, order=True):
    """What is measured: an OCPP version and a number of piles."""

    version: str
    piles: int


# (case, server) → its windows
Results = Mapping[tuple[Case, str], Sequence[Report]]


class Row(msgspec.Struct, frozen=True):
    """Medians over the windows of one case on one server."""

    server: str
    windows: int
    calls: int
    calls_per_s: float
    p50_ms: float
    p99_ms: float
    cpu_ms_per_1000: float


def row_of(server: str, reports: Sequence[Report]) -> Row:
    """Return the medians."""
    return Row(
        server=server,
        windows=len(reports),
        calls=sum(report.calls for report in reports),
        calls_per_s=statistics.median(report.calls_per_s for report in reports),
        p50_ms=statistics.median(report.latency_ms.get("p50", 0.0) for report in reports),
        p99_ms=statistics.median(report.latency_ms.get("p99", 0.0) for report in reports),
        cpu_ms_per_1000=statistics.median(report.cpu_us_per_call for report in reports),
    )


def machine(arguments: Sequence[str]) -> str:
    """Return where and how this was measured, as Markdown."""
    packages = ("forecourt", "aiohttp", "msgspec", "uvloop", "picows", "ocpp", "websockets")
    lines = (
        f"command: `{shlex.join(['python', '-m', 'bench', *arguments])}`",
        f"date: {datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        f"machine: {_cpu()}, {len(os.sched_getaffinity(0))} cores, {platform.system()} {platform.release()}",
        f"Python {platform.python_version()}; "
        + ", ".join(f"{name} {metadata.version(name)}" for name in packages),
    )
    return "\n".join(f"- {line}" for line in lines)


def _cpu() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine())


def table(results: Results) -> str:
    """Return the table, as Markdown: one block of lines for each case."""
    head = (
        "version",
        "piles",
        "server",
        "calls/s",
        "p50 ms",
        "p99 ms",
        "CPU ms per 1,000 calls",
        "× bare",
        "× library",
    )
    lines = [_line(head), "|---|--:|---|--:|--:|--:|--:|--:|--:|"]
    for case in sorted({case for case, _ in results}):
        rows = {server: row_of(server, reports) for (of, server), reports in results.items() if of == case}
        lines += [_line(_cells(case, row, rows)) for row in rows.values()]
    return "\n".join(lines)


def _cells(case: Case, row: Row, rows: Mapping[str, Row]) -> tuple[str, ...]:
    return (
        case.version,
        f"{case.piles:,}",
        row.server,
        f"{row.calls_per_s:,.0f}",
        f"{row.p50_ms:.2f}",
        f"{row.p99_ms:.2f}",
        f"{row.cpu_ms_per_1000:.1f}",
        _ratio(row, rows.get(FLOOR)),
        _ratio(row, rows.get(LIBRARY)),
    )


def _ratio(row: Row, base: Row | None) -> str:
    return f"{row.cpu_ms_per_1000 / base.cpu_ms_per_1000:.2f}" if base and base.cpu_ms_per_1000 else "–"


def _line(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def verdicts(results: Results) -> str:
    """Return, for each 2.0.1 case, how a durable call stands to the goals; empty where something was not measured."""
    cases = sorted({case for case, _ in results if case.version == "2.0.1"})
    return "\n".join(filter(None, (_verdict(case, results) for case in cases)))


def _verdict(case: Case, results: Results) -> str:
    cpu = {
        server: row_of(server, results[case, server]).cpu_ms_per_1000
        for server in (FLOOR, LIBRARY, SQLITE)
        if (case, server) in results
    }
    if len(cpu) < 3 or not all(cpu.values()):
        return ""
    floor, library = cpu[SQLITE] / cpu[FLOOR], cpu[LIBRARY] / cpu[SQLITE]
    return (
        f"- 2.0.1, {case.piles:,} piles: a durable call costs {floor:.1f} × the bare server"
        f" (goal: at most {GOAL_FLOOR:g}: {_met(floor <= GOAL_FLOOR)}) and 1/{library:.1f} of the ocpp library's"
        f" (goal: at most 1/{GOAL_LIBRARY:g}: {_met(library >= GOAL_LIBRARY)})"
    )


def _met(holds: bool) -> str:
    return "met" if holds else "MISSED"


def progress(text: str) -> None:
    """Say on standard error what is going on."""
    print(text, file=sys.stderr, flush=True)
