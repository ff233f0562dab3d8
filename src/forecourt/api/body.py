"""Bodies: decoded once, straight from the bytes into their type, with nothing bent to fit.

Litestar's own way decodes JSON first and converts then, in lax mode: prices would pass through floats, and ``"1"`` for a
number, or 1 for a boolean, would be taken.
"""

from collections.abc import Generator
from typing import Any, ClassVar

import msgspec
from litestar.dto import AbstractDTO, DTOFieldDefinition
from litestar.typing import FieldDefinition

from forecourt.api.problem import INVALID, MALFORMED, FieldError, ProblemError

MAX_BYTES = 1_000_000


class StrictJson(AbstractDTO[Any]):
    """Decodes a body into the type that its handler declares. Raises ProblemError."""

    _decoders: ClassVar[dict[str, msgspec.json.Decoder[Any]]] = {}

    @classmethod
    def create_for_field_definition(
        cls, field_definition: FieldDefinition, handler_id: str, backend_cls: type[Any] | None = None
    ) -> None:
        cls._decoders[handler_id] = msgspec.json.Decoder(field_definition.annotation)

    @classmethod
    def generate_field_definitions(cls, model_type: type[Any]) -> Generator[DTOFieldDefinition, None, None]:
        yield from ()

    @classmethod
    def detect_nested_field(cls, field_definition: FieldDefinition) -> bool:
        return False

    @classmethod
    def is_supported_model_type_field(cls, field_definition: FieldDefinition) -> bool:
        return False

    @classmethod
    def create_openapi_schema(
        cls, field_definition: FieldDefinition, handler_id: str, schema_creator: Any
    ) -> Any:
        return schema_creator.for_field_definition(field_definition)

    def decode_bytes(self, value: bytes) -> Any:
        return decode(self._decoders[self.asgi_connection.route_handler.handler_id], value)


def decode(decoder: msgspec.json.Decoder[Any], body: bytes) -> Any:
    """Return what a body holds. Raises ProblemError: no JSON, or not of the type."""
    try:
        return decoder.decode(body)
    except msgspec.ValidationError as error:
        problem, _, path = str(error).partition(" - at `")
        where = path.rstrip("`") or "$"
        raise ProblemError(INVALID, f"{where}: {problem}", [FieldError(where, problem)]) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ProblemError(MALFORMED, f"the body is not JSON: {error}") from None
