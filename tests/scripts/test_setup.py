"""A fresh clone on a machine that has Python and make, and nothing else."""

import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tomllib
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest

from scripts import pins

pytestmark = pytest.mark.timeout(900)  # a slow package index is no failure

ROOT = Path(__file__).parents[2]
TOOLS = ("sh", "make", "awk", "cat", "cksum", "dirname", "ls")
INSTALLED = (
    "import importlib.metadata as m, json;"
    "print(json.dumps({d.name.lower().replace('_', '-'): d.version for d in m.distributions()}))"
)

Run = subprocess.CompletedProcess[str]


def _clone(into: Path) -> Path:
    """The working tree without what git ignores."""
    ignored = [line.strip("/").split("/")[-1] for line in (ROOT / ".gitignore").read_text().splitlines()]
    return shutil.copytree(ROOT, into / "clone", ignore=shutil.ignore_patterns(".git", *ignored))


def _tools(into: Path) -> Path:
    """A PATH with the plainest of tools, without Python and without uv."""
    folder = into / "bin"
    folder.mkdir()
    for name in TOOLS:
        found = shutil.which(name)
        assert found is not None, f"{name} is needed on PATH"
        (folder / name).symlink_to(found)
    return folder


@dataclass(frozen=True)
class Machine:
    """A folder with a fresh clone, and a PATH."""

    clone: Path
    tools: Path

    def run(self, *command: str) -> Run:
        unwanted = ("UV_", "VIRTUAL_ENV", "MAKE")
        kept = {name: value for name, value in os.environ.items() if not name.startswith(unwanted)}
        environment = kept | {"PATH": str(self.tools)}
        return subprocess.run(
            command, cwd=self.clone, env=environment, capture_output=True, text=True, check=False
        )


@pytest.fixture
def bare(tmp_path: Path) -> Machine:
    """A machine without Python."""
    return Machine(_clone(tmp_path), _tools(tmp_path))


@pytest.fixture(scope="module")
def set_up(tmp_path_factory: pytest.TempPathFactory) -> Machine:
    """A machine with Python and without uv, after `make setup`."""
    if not importlib.util.find_spec("ensurepip"):
        pytest.skip("this Python lacks ensurepip (on Debian and Ubuntu: apt-get install python3-venv)")
    folder = tmp_path_factory.mktemp("machine")
    machine = Machine(_clone(folder), _tools(folder))
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    (machine.tools / "python3").symlink_to(Path(sys.base_prefix) / "bin" / version)
    first = machine.run("make", "setup")
    assert first.returncode == 0, first.stdout + first.stderr
    assert "no uv here" in first.stdout
    return machine


def test_pip_installs_what_the_lock_says(set_up: Machine) -> None:
    locked = dict(pin.split("==") for pin in pins.pins(tomllib.loads((ROOT / "uv.lock").read_text())))
    listed = set_up.run(".venv/bin/python", "-c", INSTALLED).stdout
    installed = {name: version for name, version in json.loads(listed).items() if name in locked}
    assert {"aiohttp", "pytest", "picows"} <= set(installed)
    assert installed == {name: locked[name] for name in installed}


def test_the_command_runs(set_up: Machine) -> None:
    assert set_up.run(".venv/bin/forecourt", "--help").returncode == 0


def test_a_second_setup_has_nothing_to_do(set_up: Machine) -> None:
    again = set_up.run("make", "setup")
    assert (again.returncode, again.stdout) == (0, "")


def test_the_wheel_holds_every_file_of_the_package(set_up: Machine) -> None:
    made = set_up.run("make", "wheel")
    assert made.returncode == 0, made.stderr
    [wheel] = (set_up.clone / "dist").glob("*.whl")
    package = set_up.clone / "src"
    files = [path for path in package.rglob("*") if path.is_file() and path.suffix != ".pyc"]
    packed = [name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name]
    assert sorted(packed) == sorted(path.relative_to(package).as_posix() for path in files)
    assert "forecourt/console/static/vendor/htmx.min.js" in packed


@pytest.mark.parametrize("old", [False, True], ids=["none", "too old"])
def test_without_a_recent_python_one_line_says_so(bare: Machine, old: bool) -> None:
    if old:
        (bare.tools / "python3").write_text("#!/bin/sh\nexit 1\n")
        (bare.tools / "python3").chmod(0o755)
    run = bare.run("sh", "scripts/setup.sh")
    assert run.returncode == 1
    assert run.stderr.splitlines() == [
        "forecourt: Python 3.11 or newer is needed, or uv (https://docs.astral.sh/uv/), and neither was found on PATH"
    ]


def test_without_venv_one_line_says_what_to_install(bare: Machine) -> None:
    (bare.tools / "python3").write_text('#!/bin/sh\ncase "$2" in *ensurepip*) exit 1;; esac\n')
    (bare.tools / "python3").chmod(0o755)
    run = bare.run("sh", "scripts/setup.sh")
    assert run.returncode == 1
    assert run.stderr.splitlines() == [
        "forecourt: python3 lacks venv or ensurepip; on Debian and Ubuntu: apt-get install python3-venv"
    ]


def test_help_lists_every_command(bare: Machine) -> None:
    listed = bare.run("make").stdout
    commands = {line.split()[1] for line in listed.splitlines()}
    assert commands == set(_phony(bare.clone))


def _phony(clone: Path) -> list[str]:
    [line] = [line for line in (clone / "Makefile").read_text().splitlines() if line.startswith(".PHONY:")]
    return line.removeprefix(".PHONY:").split()
