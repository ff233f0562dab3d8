"""CI may skip nothing: the rule itself, on a small suite of its own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

SUITES = {
    "in a test": "import pytest\ndef test_it(): pytest.skip('no browser here')\n",
    "in a mark": "import pytest\n@pytest.mark.skip('no browser here')\ndef test_it(): ...\n",
    "in a fixture": (
        "import pytest\n@pytest.fixture\ndef f(): pytest.skip('no browser here')\ndef test_it(f): ...\n"
    ),
    "of a module": "import pytest\npytest.skip('no browser here', allow_module_level=True)\n",
}
EXPECTED_FAILURE = "import pytest\n@pytest.mark.xfail\ndef test_it(): assert False\n"


def _run(folder: Path, suite: str, ci: str) -> subprocess.CompletedProcess[str]:
    (folder / "test_suite.py").write_text(suite)
    (folder / "pytest.ini").write_text("[pytest]\n")
    root = Path(__file__).parents[2]
    command = [sys.executable, "-m", "pytest", "-p", "tests.support.no_skips", "-ra", str(folder)]
    environment = os.environ | {"CI": ci, "PYTHONPATH": str(root)}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("suite", SUITES.values(), ids=SUITES.keys())
def test_a_skip_fails_in_ci_and_says_what_was_missing(tmp_path: Path, suite: str) -> None:
    run = _run(tmp_path, suite, ci="true")
    assert run.returncode in {pytest.ExitCode.TESTS_FAILED, pytest.ExitCode.INTERRUPTED}
    assert "skipped, which CI may not: " in run.stdout
    assert "no browser here" in run.stdout


@pytest.mark.parametrize("suite", [SUITES["in a test"], SUITES["in a fixture"]])
def test_elsewhere_a_skip_is_a_skip(tmp_path: Path, suite: str) -> None:
    run = _run(tmp_path, suite, ci="")
    assert run.returncode == pytest.ExitCode.OK
    assert "no browser here" in run.stdout


def test_an_expected_failure_is_no_skip(tmp_path: Path) -> None:
    assert _run(tmp_path, EXPECTED_FAILURE, ci="true").returncode == pytest.ExitCode.OK
