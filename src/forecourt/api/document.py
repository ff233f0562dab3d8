"""The OpenAPI document: Litestar describes the routes, msgspec the types that it decodes and encodes itself.

Litestar's own schemas of msgspec types leave out discriminators, descriptions and that unknown fields are refused.
"""

import inspect
from collections.abc import Iterator, Mapping
from typing import Any, get_args, get_origin

import msgspec
from litestar import Litestar, Response, Router
from litestar.handlers import HTTPRouteHandler
from litestar.openapi.config import OpenAPIConfig
from litestar.routes import HTTPRoute

from forecourt import __version__
from forecourt.api.examples import EXAMPLES
from forecourt.api.problem import KINDS, MEDIA_TYPE, Problem
from forecourt.api.roles import ROLES

_REF = "#/components/schemas/{name}"
_ABOUT = """\
The JSON API of Forecourt. Power is in W, energy in Wh, both whole numbers; amounts of money are decimal numbers as \
strings, with their currency; times are RFC 3339 in UTC.

Every request carries `Authorization: Bearer fct_…`, an API token with the role viewer, operator or admin; each role \
includes the one before it. Lists are pages: pass `next` as `cursor` to get what follows. Every error is a problem \
(RFC 9457) whose `detail` says what is wrong and what to do. Unknown fields and query parameters are refused.
"""
TAGS: Mapping[str, str] = {
    "Network": "All of it at a glance.",
    "Stations": "Places with piles.",
    "Piles": "Charging devices and their EVSEs.",
    "Sessions": "Charges, from plug-in to unplug.",
    "Billing": "Tariffs, quotes, charge detail records.",
    "Tokens": "What identifies drivers and cars.",
    "Commands": "What is asked of piles.",
    "Accounts": "Operators, API tokens, the audit log.",
}


def document(router: Router) -> bytes:
    """Return the OpenAPI 3.1 document of the API as JSON."""
    app = _app(router)
    found = msgspec.json.decode(msgspec.json.encode(app.openapi_schema.to_schema()))
    described = list(_of(app, router.path))
    schemas, components = _schemas(described)
    for path, method, handler in described:
        operation = found["paths"][path][method]
        _describe(operation, handler, schemas)
    found["components"] = {
        "schemas": components,
        "securitySchemes": {
            "token": {
                "type": "http",
                "scheme": "bearer",
                "description": "An API token: `fct_` and 43 characters.",
            }
        },
        "responses": {"Problem": _problem_response()},
    }
    found["info"]["description"] = _ABOUT
    found["info"]["license"] = {"name": "Apache-2.0", "identifier": "Apache-2.0"}
    found["security"] = [{"token": []}]
    found["tags"] = [{"name": name, "description": text} for name, text in TAGS.items()]
    return msgspec.json.encode(found)


Operation = tuple[str, str, HTTPRouteHandler]


def operations(router: Router) -> list[Operation]:
    """Return path, method and handler of every operation."""
    return list(_of(_app(router), router.path))


def _app(router: Router) -> Litestar:
    config = OpenAPIConfig(title="Forecourt", version=__version__)
    return Litestar([router], openapi_config=config, logging_config=None)


def _of(app: Litestar, under: str) -> Iterator[Operation]:
    for route in app.routes:
        if isinstance(route, HTTPRoute) and route.path.startswith(under):
            for handler in route.route_handlers:
                for method in handler.http_methods - {"OPTIONS"}:
                    yield route.path_format, method.lower(), handler


def _schemas(
    described: list[Operation],
) -> tuple[dict[Any, dict[str, Any]], dict[str, Any]]:
    kinds = [kind for *_, handler in described for kind in (body_of(handler), answer_of(handler)) if kind]
    unique = list(dict.fromkeys([*kinds, Problem]))
    refs, components = msgspec.json.schema_components(unique, ref_template=_REF)
    return dict(zip(unique, refs, strict=True)), dict(components)


def body_of(handler: HTTPRouteHandler) -> Any:
    """Return the type of an operation's body; None: it has none."""
    field = handler.parsed_fn_signature.parameters.get("data")
    return None if field is None else field.annotation


def answer_of(handler: HTTPRouteHandler) -> Any:
    """Return the type of what an operation answers; None: nothing."""
    kind = handler.parsed_fn_signature.return_type.annotation
    kind = get_args(kind)[0] if get_origin(kind) is Response else kind
    return None if kind in (None, type(None)) else kind


def _describe(
    operation: dict[str, Any], handler: HTTPRouteHandler, schemas: Mapping[Any, dict[str, Any]]
) -> None:
    name = handler.handler_name
    text = inspect.cleandoc(handler.fn.__doc__ or "")
    summary, _, rest = text.partition(". ")
    operation["operationId"] = name
    operation["summary"] = summary.rstrip(".")
    operation["description"] = f"{rest}\n\nRole: {ROLES[name].value}.".strip()
    for parameter in operation.get("parameters", ()):
        parameter["schema"] = _without_null(parameter["schema"])
    body, answer = body_of(handler), answer_of(handler)
    if body is not None:
        content: dict[str, Any] = {"schema": schemas[body]}
        if name in EXAMPLES:
            content["examples"] = {key: {"value": value} for key, value in EXAMPLES[name].items()}
        operation["requestBody"] = {"required": True, "content": {"application/json": content}}
    success: dict[str, Any] = {"description": "Done."}
    if answer is not None:
        success["content"] = {"application/json": {"schema": schemas[answer]}}
    operation["responses"] = {
        str(handler.status_code): success,
        "default": {"$ref": "#/components/responses/Problem"},
    }


def _without_null(schema: dict[str, Any]) -> dict[str, Any]:
    """What may be left out of a query or a header is never null there."""
    kinds = [kind for kind in schema.get("oneOf", ()) if kind != {"type": "null"}]
    found = {key: value for key, value in schema.items() if key != "oneOf"} | (kinds[0] if kinds else {})
    if isinstance(found.get("type"), list):
        [found["type"]] = [kind for kind in found["type"] if kind != "null"]
    if "enum" in found:
        found["enum"] = [value for value in found["enum"] if value is not None]
    return found


def _problem_response() -> dict[str, Any]:
    kinds = "\n".join(f"- {kind.status} `urn:forecourt:problem:{kind.name}`: {kind.title}" for kind in KINDS)
    return {
        "description": f"A problem (RFC 9457), of one of these kinds:\n\n{kinds}",
        "content": {MEDIA_TYPE: {"schema": {"$ref": _REF.format(name="Problem")}}},
    }
