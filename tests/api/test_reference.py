"""docs/reference/api.md lists every operation with its role, and every kind of problem."""

import re
from pathlib import Path

from tests.api.test_access import OPERATIONS

from forecourt.api.problem import KINDS
from forecourt.api.roles import ROLES

REFERENCE = (Path(__file__).parents[2] / "docs" / "reference" / "api.md").read_text()


def test_every_operation_is_listed_with_its_role() -> None:
    listed = re.findall(r"^\| `(GET|PUT|POST|DELETE) (\S+)` \| (\w+) \|", REFERENCE, re.MULTILINE)
    there = {(method, path.removeprefix("/api/v1"), ROLES[name].value) for name, method, path in OPERATIONS}
    assert set(listed) == there
    assert len(listed) == len(there)


def test_every_kind_of_problem_is_listed() -> None:
    listed = re.findall(r"^\| (\d{3}) \| `([a-z-]+)` \| (.+) \|$", REFERENCE, re.MULTILINE)
    assert listed == [(str(kind.status), kind.name, kind.title) for kind in KINDS]
