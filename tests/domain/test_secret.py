"""Passwords among the settings of a pile."""

from typing import Any

import pytest

from forecourt.domain.secret import is_secret, without_secrets


@pytest.mark.parametrize(
    ("name", "secret"),
    [
        ("AuthorizationKey", True),
        ("SecurityCtrlr.BasicAuthPassword", True),
        ("authorizationkey", True),
        ("HeartbeatInterval", False),
        ("", False),
    ],
)
def test_names(name: str, secret: bool) -> None:
    assert is_secret(name) is secret


def test_what_is_no_password_stays() -> None:
    node = {"key": "HeartbeatInterval", "value": "60", "more": [1, None, {"variable": "x"}, {"key": 5}]}
    assert without_secrets(node) == node


def test_what_is_nested_without_end_is_masked() -> None:
    node: Any = "s3cret"
    for _ in range(10_000):
        node = [node]
    cleaned = without_secrets(node)
    depth = 0
    while isinstance(cleaned, list):
        cleaned, depth = cleaned[0], depth + 1
    assert depth < 100
    assert cleaned != "s3cret"
