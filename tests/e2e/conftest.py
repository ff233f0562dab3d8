"""Real servers and piles for end-to-end tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.e2e.piles import Connect, node_pile, python_pile
from tests.e2e.server import Server, serving
from tests.support.node import Node

NODE_FOLDER = Path(__file__).with_name("node")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """A server of this test's own, in whose log nothing may be wrong at the end."""
    with serving(tmp_path) as server:
        yield server
        assert server.errors() == []


@pytest.fixture(
    params=[
        pytest.param("ocpp", id="PyPI ocpp"),
        pytest.param("ocpp-rpc", id="npm ocpp-rpc", marks=pytest.mark.node),
    ]
)
def connect(request: pytest.FixtureRequest) -> Connect:
    """How piles on a client library that is not ours connect."""
    if request.param == "ocpp":
        return python_pile
    node: Node = request.getfixturevalue("node_js")
    return node_pile(node.node, node.install(NODE_FOLDER) / "node_modules")
