"""Prints what uv.lock has locked as pip constraints, for machines without uv."""

import sys
import tomllib
from pathlib import Path
from typing import Any

LOCK = Path(__file__).resolve().parents[1] / "uv.lock"


def pins(lock: dict[str, Any]) -> list[str]:
    """One `name==version` for each package of an index; the project itself is not one."""
    packages = (package for package in lock["package"] if "registry" in package["source"])
    return [f"{package['name']}=={package['version']}" for package in packages]


if __name__ == "__main__":
    sys.stdout.writelines(f"{pin}\n" for pin in pins(tomllib.loads(LOCK.read_text())))
