"""Whatever is sent, the answer is an answer or a problem, never our mistake."""

import asyncio
import json
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import product
from pathlib import Path
from typing import Any
from urllib.parse import quote

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.api.conftest import Api, Templates, made_api
from tests.api.test_access import IDS, OPERATIONS

from forecourt.api.examples import EXAMPLES

# One process for all examples: what one of them leaves behind is the next one's world.
FEW = settings(
    max_examples=300,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
# Passwords take 50 ms or more each, and a call to a pile as long as it may take.
SLOW = {"choose_pile_password", "put_operator", "call_ocpp"}
ODD_TEXTS = (
    "", " ", "\0", "\ud800", "\n", "a" * 5000, "'; DROP TABLE session; --", "重庆", "NaN", "-Infinity", "1E+999999",
    "1E-999999", "0x10", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00+14:00", "2026-02-30", "24:00", "../..", "%2F",
)  # fmt: skip
NAMES = (
    "limit",
    "cursor",
    "since",
    "until",
    "state",
    "station_id",
    "pile_id",
    "subject",
    "online",
    "text",
    "other",
)
odd: st.SearchStrategy[Any] = st.one_of(
    st.sampled_from(
        [None, True, False, 0, -1, 2**63, -(2**63) - 1, 10**30, 0.1, 1e308, -0.0, [], {}, [[]], {"": None}]
    ),
    st.sampled_from(ODD_TEXTS),
    st.text(max_size=20),
)
json_values = st.recursive(
    odd, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
)


@contextmanager
def running(templates: Templates, folder: Path) -> Iterator[tuple[asyncio.Runner, Api]]:
    """A loop with an API on it, for tests that Hypothesis runs many times."""
    with asyncio.Runner() as runner:
        manager = made_api(templates.filled, folder, templates.secrets)
        api = runner.run(manager.__aenter__())
        yield runner, api
        runner.run(manager.__aexit__(None, None, None))


# What is most often taken for what: something of the same kind.
LIKE: dict[type, st.SearchStrategy[Any]] = {
    str: st.sampled_from(ODD_TEXTS) | st.text(max_size=20) | st.decimals(allow_nan=False).map(str),
    int: st.integers(-1, 10) | st.integers(),
    float: st.floats(-200, 200) | st.floats(allow_nan=False),
    bool: st.booleans(),
}
# The examples, of things that there are in the filled network.
KNOWN = {"example-plaza": "plaza", "standard": "flat", "4711": "4711"}


def example_of(name: str, number: int) -> Any:
    """A valid body of its own."""
    text = json.dumps([*EXAMPLES[name].values()][number])
    for stranger, known in KNOWN.items():
        text = text.replace(f'"{stranger}"', f'"{known}"')
    return json.loads(text)


@st.composite
def bodies(draw: st.DrawFn, name: str) -> Any:
    """A valid body with one thing in it replaced, or any JSON."""
    if draw(st.integers(0, 9)) == 0:
        return draw(json_values)
    body = example_of(name, draw(st.integers(0, len(EXAMPLES[name]) - 1)))
    spots = list(places(body))
    spot, key = draw(st.sampled_from(spots)) if spots else (body, "another")
    like = LIKE.get(type(spot.get(key) if isinstance(spot, dict) else spot[key]), json_values)
    spot[key] = draw(st.one_of(like, like, json_values))
    return body


def places(node: Any) -> Iterator[tuple[Any, Any]]:
    """Where something can be replaced: every member of every object and array."""
    keys = [*node] if isinstance(node, dict) else range(len(node)) if isinstance(node, list) else ()
    for key in keys:
        yield node, key
        yield from places(node[key])


def path_of(template: str, ids: dict[str, str]) -> str:
    for name, value in ids.items():
        template = template.replace(name, value)
    return template


ids = st.fixed_dictionaries(
    {
        name: st.just(known)
        | st.sampled_from(ODD_TEXTS[2:]).map(lambda text: quote(text, safe="", errors="replace"))
        for name, known in IDS.items()
    }
)


def held(answer: Any, what: object) -> None:
    assert answer.status_code < 500, (what, answer.text)
    if answer.status_code >= 400:
        assert answer.headers["content-type"] == "application/problem+json", (what, answer.text)
        assert answer.json()["detail"]


def test_any_body_is_taken_or_refused(templates: Templates, tmp_path: Path) -> None:
    writing = [row for row in OPERATIONS if row[0] in EXAMPLES and row[0] not in SLOW]
    cases = st.sampled_from(writing).flatmap(lambda row: st.tuples(st.just(row), ids, bodies(row[0])))
    quote_body = example_of("quote_tariff", 0)
    with running(templates, tmp_path) as (runner, api):

        @FEW
        @given(cases)
        def never_our_mistake(case: tuple[tuple[str, str, str], dict[str, str], Any]) -> None:
            (_, method, template), named, body = case
            content = json.dumps(body).encode()
            sent = api.call(
                method,
                path_of(template, named),
                content=content,
                headers={"content-type": "application/json"},
            )
            answer = runner.run(sent)
            held(answer, (method, template, named, body))
            if answer.status_code == 200:
                held(runner.run(api.call("POST", "/tariffs/flat/quote", quote_body)), (template, named, body))

        never_our_mistake()


def test_any_id_and_query_is_taken_or_refused(templates: Templates, tmp_path: Path) -> None:
    reading = [row for row in OPERATIONS if row[1] == "GET"]
    texts = st.sampled_from([text for text in ODD_TEXTS if text != "\ud800"])
    utf8 = st.text(max_size=10, alphabet=st.characters(codec="utf-8"))
    queries = st.dictionaries(st.sampled_from(NAMES), texts | utf8, max_size=2)
    with running(templates, tmp_path) as (runner, api):

        @FEW
        @given(st.sampled_from(reading), ids, queries)
        def never_our_mistake(
            row: tuple[str, str, str], named: dict[str, str], query: dict[str, str]
        ) -> None:
            held(runner.run(api.call("GET", path_of(row[2], named), params=query)), (row, named, query))

        never_our_mistake()


RAW = (b"", b"null", b"[]", b"1", b'"x"', b"{", b"\xef\xbb\xbf{}", b'{"a":1}{}', b"\xff\xfe")


async def test_bodies_that_are_no_objects(filled: Api) -> None:
    headers = {"content-type": "application/json"}
    for (name, method, template), raw in product(OPERATIONS, RAW):
        if name in EXAMPLES:
            answer = await filled.call(method, path_of(template, IDS), content=raw, headers=headers)
            held(answer, (name, raw))
            assert answer.status_code in (400, 422), (name, raw)
