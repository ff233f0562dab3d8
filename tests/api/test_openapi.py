"""The OpenAPI document is valid, complete, and true."""

from typing import Any

import msgspec
import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator
from tests.api.conftest import Api
from tests.api.test_access import filled_in

from forecourt.api.app import api_router
from forecourt.api.document import TAGS, answer_of, body_of, document, operations
from forecourt.api.examples import EXAMPLES
from forecourt.api.roles import ROLES

ROUTER = api_router(None, b"")  # type: ignore[arg-type]
DOCUMENT: dict[str, Any] = msgspec.json.decode(document(ROUTER))
OPERATIONS = operations(ROUTER)
HANDLERS = {handler.handler_name: handler for *_, handler in OPERATIONS}


def described() -> list[tuple[str, str, dict[str, Any]]]:
    return [
        (path, method, operation)
        for path, methods in DOCUMENT["paths"].items()
        for method, operation in methods.items()
    ]


async def test_it_is_served_to_everybody(api: Api) -> None:
    answer = await api.client.get("/openapi.json")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    assert answer.json() == DOCUMENT


def test_it_is_a_valid_openapi_3_1_document() -> None:
    assert DOCUMENT["openapi"].startswith("3.1.")
    OpenAPIV31SpecValidator(DOCUMENT).validate()


def test_it_has_every_operation() -> None:
    assert {operation["operationId"] for *_, operation in described()} == set(ROLES)


@pytest.mark.parametrize(("path", "method", "operation"), described(), ids=lambda value: str(value)[:40])
def test_each_operation_says_what_it_does_and_what_it_takes(
    path: str, method: str, operation: dict[str, Any]
) -> None:
    name = operation["operationId"]
    assert operation["summary"]
    assert f"Role: {ROLES[name].value}." in operation["description"]
    assert set(operation["tags"]) <= set(TAGS)
    for parameter in operation.get("parameters", ()):
        assert parameter["description"]
        assert "null" not in str(parameter["schema"])
    assert ("requestBody" in operation) == (body_of(HANDLERS[name]) is not None)
    [success] = [status for status in operation["responses"] if status != "default"]
    assert ("content" in operation["responses"][success]) == (answer_of(HANDLERS[name]) is not None)
    assert operation["responses"]["default"] == {"$ref": "#/components/responses/Problem"}


def test_every_tag_is_used() -> None:
    assert {tag for *_, operation in described() for tag in operation["tags"]} == set(TAGS)


def test_every_type_says_what_it_is() -> None:
    schemas = DOCUMENT["components"]["schemas"]
    assert [name for name, schema in schemas.items() if not schema.get("description")] == []


def test_bodies_refuse_unknown_fields() -> None:
    schemas = DOCUMENT["components"]["schemas"]
    for name in (
        "StationBody",
        "PileBody",
        "TokenBody",
        "Tariff",
        "Element",
        "Reset",
        "QuoteBody",
        "ApiTokenBody",
    ):
        assert schemas[name]["additionalProperties"] is False


def test_every_body_has_an_example_that_is_one() -> None:
    with_body = {name for name, handler in HANDLERS.items() if body_of(handler) is not None}
    assert set(EXAMPLES) == with_body
    for name, examples in EXAMPLES.items():
        for example in examples.values():
            msgspec.json.decode(msgspec.json.encode(example), type=body_of(HANDLERS[name]))


async def test_every_get_answers_as_the_document_says(filled: Api) -> None:
    checked = 0
    for path, method, operation in described():
        if method != "get" or operation["operationId"] in ("get_command", "get_cdr"):
            continue
        answer = await filled.call("GET", filled_in(path))
        assert answer.status_code == 200, (path, answer.text)
        schema = operation["responses"]["200"]["content"]["application/json"]["schema"]
        whole = {**schema, "components": DOCUMENT["components"]}
        Draft202012Validator(whole).validate(answer.json())
        checked += 1
    assert checked == len([method for _, method, _ in described() if method == "get"]) - 2


async def test_problems_are_as_the_document_says(filled: Api) -> None:
    problem = {**DOCUMENT["components"]["schemas"]["Problem"], "components": DOCUMENT["components"]}
    for method, path, body in (("GET", "/stations/none", None), ("PUT", "/stations/x", {"lat": 1000})):
        Draft202012Validator(problem).validate((await filled.call(method, path, body)).json())


async def test_the_pages_load_nothing_from_elsewhere_and_no_inline_script(api: Api) -> None:
    page = await api.client.get("/docs")
    assert page.headers["content-security-policy"].startswith("default-src 'self'; img-src 'self' data:")
    assert "//" not in page.text.replace("<!doctype html>", "")
    assert "<script>" not in page.text
    assert "<style" not in page.text
    for script in ("/static/vendor/swagger-ui.js", "/docs/start.js"):
        assert f'src="{script}"' in page.text
    start = await api.client.get("/docs/start.js")
    assert start.headers["content-type"].startswith("text/javascript")
    assert 'url: "/openapi.json"' in start.text
