"""The pure packages call no clock, draw no randomness and do no I/O: what import-linter can't see, since it sees imports.

(`datetime.now()` needs only the import of `datetime`, and `open()` needs none.)
"""

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "src" / "forecourt"
PURE = ("domain", "ocpp", "twin", "power", "planner")

CLOCKS = {"now", "utcnow", "today", "time_ns", "monotonic", "perf_counter"}
RANDOMNESS = {"uuid1", "uuid4", "urandom", "token_bytes", "token_hex", "SystemRandom", "default_rng"}
FORBIDDEN_METHODS = CLOCKS | RANDOMNESS | {"read_text", "read_bytes", "write_text", "write_bytes"}
FORBIDDEN_FUNCTIONS = FORBIDDEN_METHODS | {"open", "print", "input"}


def impurities(source: str) -> list[str]:
    """Each forbidden call as `line: name`."""
    calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    return [f"{call.lineno}: {name}" for call in calls if (name := _forbidden(call))]


def _forbidden(call: ast.Call) -> str | None:
    match call.func:
        case ast.Attribute(attr=name) if name in FORBIDDEN_METHODS and not _seeded(call, name):
            return name
        case ast.Name(id=name) if name in FORBIDDEN_FUNCTIONS and not _seeded(call, name):
            return name
        case _:
            return None


def _seeded(call: ast.Call, name: str) -> bool:
    return name == "default_rng" and bool(call.args)


def _modules() -> list[Path]:
    return [path for package in PURE for path in sorted((PACKAGE / package).rglob("*.py"))]


@pytest.mark.parametrize("module", _modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_pure_module_is_pure(module: Path) -> None:
    assert impurities(module.read_text()) == []


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("from datetime import datetime\nstart = datetime.now(UTC)", ["2: now"]),
        ("import datetime as d\nd.datetime.utcnow()", ["2: utcnow"]),
        ("date.today()", ["1: today"]),
        ("def f():\n    return uuid4()", ["2: uuid4"]),
        ("open('x')", ["1: open"]),
        ("np.random.default_rng()", ["1: default_rng"]),
        ("np.random.default_rng(seed)", []),
        ("def decide(state, request, now):\n    return now.timestamp()", []),
    ],
)
def test_the_rule_finds_what_it_is_for(source: str, found: list[str]) -> None:
    assert impurities(source) == found
