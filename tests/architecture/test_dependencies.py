"""Each dependency has its line in docs/dependencies.md, and the lock files name public registries only."""

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
PYPROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())
UV_LOCK: dict[str, Any] = tomllib.loads((ROOT / "uv.lock").read_text())
NPM = [path for path in ROOT.glob("**/package.json") if not {"node_modules", ".venv"} & set(path.parts)]


def _name(requirement: str) -> str:
    return re.split(r"[^A-Za-z0-9._-]", requirement, maxsplit=1)[0].lower()


def _python_requirements() -> set[str]:
    project = PYPROJECT["project"]
    groups = [
        PYPROJECT["build-system"]["requires"],
        project["dependencies"],
        *project.get("optional-dependencies", {}).values(),
        *PYPROJECT["dependency-groups"].values(),
    ]
    return {_name(requirement) for group in groups for requirement in group}


def _npm_requirements() -> set[str]:
    packages = [json.loads(path.read_text()) for path in NPM]
    kinds = ("dependencies", "devDependencies")
    return {name for package in packages for kind in kinds for name in package.get(kind, {})}


def test_every_dependency_says_why_it_is_there_and_nothing_else_does() -> None:
    rows = re.findall(r"^\| `([^`]+)` \|", (ROOT / "docs" / "dependencies.md").read_text(), re.MULTILINE)
    assert sorted(rows) == sorted(_python_requirements() | _npm_requirements())


def test_the_lock_holds_what_the_project_asks_for() -> None:
    [project] = [package for package in UV_LOCK["package"] if package["name"] == PYPROJECT["project"]["name"]]
    metadata = project["metadata"]
    locked = [
        *metadata["requires-dist"],
        *(row for rows in metadata["requires-dev"].values() for row in rows),
    ]
    asked = _python_requirements() - {_name(row) for row in PYPROJECT["build-system"]["requires"]}
    assert {row["name"] for row in locked} == asked


def test_uv_lock_names_only_the_public_index() -> None:
    text = (ROOT / "uv.lock").read_text()
    hosts = set(re.findall(r'"(https?://[^/"]+)', text))
    assert hosts == {"https://pypi.org", "https://files.pythonhosted.org"}
    assert "file://" not in text


def test_uv_lock_holds_one_version_of_each_package() -> None:
    # scripts/pins.py hands it to pip as constraints, which can't say more than one.
    names = [package["name"] for package in UV_LOCK["package"]]
    assert sorted(names) == sorted(set(names))


@pytest.mark.parametrize("path", NPM, ids=lambda path: str(path.relative_to(ROOT)))
def test_each_npm_lock_is_pinned_by_hash_and_names_no_other_registry(path: Path) -> None:
    lock = json.loads(path.with_name("package-lock.json").read_text())
    packages = {name: package for name, package in lock["packages"].items() if name}
    assert packages
    assert [name for name, package in packages.items() if not package.get("integrity")] == []
    resolved = {package["resolved"] for package in packages.values() if "resolved" in package}
    assert {url for url in resolved if not url.startswith("https://registry.npmjs.org/")} == set()
