"""Build hook: the pages' scripts and styles are fetched by npm when the package is built, pinned by a lock file."""

import importlib.util
from pathlib import Path
from types import ModuleType
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class AssetsHook(BuildHookInterface):  # type: ignore[misc]
    """Runs scripts/assets.py; asks for Node.js only if there is something to fetch."""

    def dependencies(self) -> list[str]:
        assets = _assets(Path(self.root))
        return [] if assets.up_to_date() else [assets.NODE]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        _assets(Path(self.root)).build()


def _assets(root: Path) -> ModuleType:
    # The build runs in an environment of its own, with neither scripts/ nor the package on its path.
    spec = importlib.util.spec_from_file_location("forecourt_assets", root / "scripts" / "assets.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
