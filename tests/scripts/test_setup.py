"""A fresh clone on a machine that has Python and make, and nothing else."""

import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from scripts import pins

ROOT = Path(__file__).parents[2]
TOOLS = ("sh", "make", "awk", "cat", "cksum", "dirname")
INSTALLED = (
    "import importlib.metadata as m, json;"
    "print(json.dumps({d.name.lower().replace('_', '-'): d.version for d in m.distributions()}))"
)

Run = subprocess.CompletedProcess[str]


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """The working tree without what git ignores."""
    ignored = [line.strip("/").split("/")[-1] for line in (ROOT / ".gitignore").read_text().splitlines()]
    return shutil.copytree(ROOT, tmp_path / "clone", ignore=shutil.ignore_patterns(".git", *ignored))


@pytest.fixture
def tools(tmp_path: Path) -> Path:
    """A PATH with the plainest of tools, without Python and without uv."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in TOOLS:
        found = shutil.which(name)
        assert found is not None, f"{name} is needed on PATH"
        (folder / name).symlink_to(found)
    return folder


def _run(command: list[str], clone: Path, tools: Path) -> Run:
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("UV_", "VIRTUAL_ENV", "MAKE"))
    }
    environment = kept | {"PATH": str(tools)}
    return subprocess.run(command, cwd=clone, env=environment, capture_output=True, text=True, check=False)


def _add_python(tools: Path) -> None:
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    (tools / "python3").symlink_to(Path(sys.base_prefix) / "bin" / version)


@pytest.mark.slow
@pytest.mark.skipif(
    not importlib.util.find_spec("ensurepip"), reason="this Python lacks ensurepip (python3-venv)"
)
def test_without_uv_pip_installs_what_the_lock_says(clone: Path, tools: Path) -> None:
    _add_python(tools)
    first = _run(["make", "setup"], clone, tools)
    assert first.returncode == 0, first.stdout + first.stderr
    assert "no uv here" in first.stdout

    locked = dict(pin.split("==") for pin in pins.pins(tomllib.loads((ROOT / "uv.lock").read_text())))
    listed = _run([".venv/bin/python", "-c", INSTALLED], clone, tools).stdout
    installed = {name: version for name, version in json.loads(listed).items() if name in locked}
    assert {"aiohttp", "pytest", "picows"} <= set(installed)
    assert installed == {name: locked[name] for name in installed}
    assert (clone / "src/forecourt/console/static/vendor/htmx.min.js").is_file()
    assert _run([".venv/bin/forecourt", "--help"], clone, tools).returncode == 0

    again = _run(["make", "setup"], clone, tools)
    assert (again.returncode, again.stdout) == (0, "")


@pytest.mark.parametrize("old", [False, True], ids=["none", "too old"])
def test_without_a_recent_python_one_line_says_so(clone: Path, tools: Path, old: bool) -> None:
    if old:
        (tools / "python3").write_text("#!/bin/sh\nexit 1\n")
        (tools / "python3").chmod(0o755)
    run = _run(["sh", "scripts/setup.sh"], clone, tools)
    assert run.returncode == 1
    assert run.stderr.splitlines() == [
        "forecourt: Python 3.11 or newer is needed, or uv (https://docs.astral.sh/uv/), and neither was found on PATH"
    ]


def test_without_venv_one_line_says_what_to_install(clone: Path, tools: Path) -> None:
    (tools / "python3").write_text('#!/bin/sh\ncase "$2" in *ensurepip*) exit 1;; esac\n')
    (tools / "python3").chmod(0o755)
    run = _run(["sh", "scripts/setup.sh"], clone, tools)
    assert run.returncode == 1
    assert run.stderr.splitlines() == [
        "forecourt: python3 lacks venv or ensurepip; on Debian and Ubuntu: apt-get install python3-venv"
    ]


def test_help_lists_every_command(clone: Path, tools: Path) -> None:
    listed = _run(["make"], clone, tools).stdout
    commands = {line.split()[1] for line in listed.splitlines()}
    assert commands == set(_phony(clone))


def _phony(clone: Path) -> list[str]:
    [line] = [line for line in (clone / "Makefile").read_text().splitlines() if line.startswith(".PHONY:")]
    return line.removeprefix(".PHONY:").split()
