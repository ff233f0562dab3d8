"""The checked-in messages are the ones that the schemas give."""

import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "generate_ocpp.py"


def run(script: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, script, "--check"], capture_output=True, text=True, check=False)


def test_the_checked_in_modules_are_up_to_date() -> None:
    result = run(SCRIPT)
    assert (result.returncode, result.stderr) == (0, "")


def test_a_difference_is_found(tmp_path: Path) -> None:
    """On a copy of the tree: one limit changed, one module too many, one missing."""
    root = tmp_path / "repo"
    for folder in ("scripts", "src/forecourt/ocpp"):
        copy(SCRIPT.parents[1] / folder, root / folder)
    (root / "pyproject.toml").write_bytes((SCRIPT.parents[1] / "pyproject.toml").read_bytes())
    ocpp = root / "src" / "forecourt" / "ocpp"
    strings = ocpp / "v16" / "strings.py"
    strings.write_text(strings.read_text("utf-8").replace("max_length=20)", "max_length=21)"), "utf-8")
    (ocpp / "v16" / "invented.py").write_text("", "utf-8")
    (ocpp / "v201" / "transactions.py").unlink()
    result = run(root / "scripts" / "generate_ocpp.py")
    assert result.returncode == 1
    named = [Path(line.split(": ")[1]).name for line in result.stderr.splitlines()]
    assert sorted(named) == ["invented.py", "strings.py", "transactions.py"]


def copy(source: Path, target: Path) -> None:
    for path in source.rglob("*"):
        if path.is_file() and path.suffix in (".py", ".toml"):
            destination = target / path.relative_to(source)
            destination.parent.mkdir(parents=True, exist_ok=True)
            destination.write_bytes(path.read_bytes())
