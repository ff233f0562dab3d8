"""Payloads made from a schema: valid ones, and many that differ from a valid one in a single place.

Whether such a variant is valid is not known here: the oracle decides. Values are plain Python; a Decimal stands for a
number that is written with a fraction or an exponent.
"""

from collections.abc import Iterator
from decimal import Decimal
from random import Random
from typing import Any

import msgspec

Schema = dict[str, Any]
write = msgspec.json.Encoder(decimal_format="number").encode

DATE_TIMES = [
    "2026-01-02T03:04:05Z",
    "2026-01-02T03:04:05.1Z",
    "2026-01-02T03:04:05.123456Z",
    "2026-01-02T03:04:05.1240977Z",
    "2024-02-29t23:59:59z",
    "2026-01-02T03:04:05+08:00",
    "2026-01-02T03:04:05.999999999-00:30",
    "1970-01-01T00:00:00.740Z",
    "2026-01-02T03:04:05-00:00",
    "2016-12-31T23:59:60Z",
    "2017-01-01T07:59:60.25+08:00",
    "0000-01-01T00:00:00Z",
    "9999-12-31T23:59:59-23:59",
]
OTHER_TEXTS = [
    "",
    "2026-01-02T03:04:05",
    "2026-01-02T03:04Z",
    "2026-01-02 03:04:05Z",
    "2026-01-02T03:04:05+0800",
    "2026-01-02T03:04:05+08",
    "2026-01-02T03:04:05.Z",
    "2026-01-02T03:04:05,5Z",
    "2026-01-02T03:04:05Z\n",
    "2026-01-02T24:00:00Z",
    "2026-01-02T03:04:60Z",
    "2026-06-29T23:59:60Z",
    "2026-02-29T03:04:05Z",
    "2026-01-02T03:04:05+24:00",
    "٢٠٢٦-01-02T03:04:05Z",
    "2026-01-02",
]
ALPHABETS = ["abcXYZ019 -_.", "充电站 é", "😀🔌", '"\\/\n\t\u0000\u2028']
NUMBERS: list[Any] = [
    0,
    -1,
    7,
    2**31,
    -(2**63) - 1,
    10**30,
    Decimal("0.1"),
    Decimal("-16.30"),
    Decimal("1E+2"),
]
WRONG: list[Any] = [
    None,
    True,
    "x",
    "1",
    "true",
    [],
    {},
    5,
    Decimal("1.0"),
    Decimal("1.5"),
    Decimal("1E+2"),
    Decimal("1E+400"),
    Decimal("-0.0"),
    Decimal("0.30000000000000004"),
    10**25,
    -(2**70),
]


class Maker:
    """Makes payloads of one schema; the same seed makes the same ones."""

    def __init__(self, schema: Schema, seed: str) -> None:
        self.root = schema
        self.rng = Random(seed)

    def resolved(self, schema: Schema) -> Schema:
        while "$ref" in schema:
            schema = self.root["definitions"][schema["$ref"].rsplit("/", 1)[1]]
        return schema

    def valid(self, share: float) -> Any:
        """A valid payload with about this share of the optional properties."""
        return self.value(self.root, share)

    def value(self, schema: Schema, share: float) -> Any:
        schema = self.resolved(schema)
        if "type" not in schema:
            return self.rng.choice([None, "text", 1, Decimal("1.50"), ["a", {"b": None}], {"c": True}])
        return getattr(self, "_" + schema["type"])(schema, share)

    def _object(self, schema: Schema, share: float) -> dict[str, Any]:
        made = {}
        for name, member in schema.get("properties", {}).items():
            wanted = share / 3 if name == "customData" else share
            if name in schema.get("required", []) or self.rng.random() < wanted:
                made[name] = self.value(member, share)
        if schema.get("additionalProperties", True) is not False:
            made["anything"] = {"x": [1, Decimal("2.50"), None], "y": "z"}
        return made

    def _array(self, schema: Schema, share: float) -> list[Any]:
        least = schema.get("minItems", 0)
        length = self.rng.randint(least, min(least + 2, schema.get("maxItems", least + 2)))
        return [self.value(schema["items"], share) for _ in range(length)]

    def _string(self, schema: Schema, share: float) -> str:
        if "enum" in schema:
            return str(self.rng.choice(schema["enum"]))
        if schema.get("format") == "date-time":
            return self.rng.choice(DATE_TIMES)
        longest = min(schema.get("maxLength", 60), 600)
        length = self.rng.choice([0, 1, longest // 2, longest])
        alphabet = self.rng.choice(ALPHABETS)
        return "".join(self.rng.choice(alphabet) for _ in range(length))

    def _integer(self, schema: Schema, share: float) -> int:
        least, most = int(schema.get("minimum", -(2**31))), int(schema.get("maximum", 2**31))
        return self.rng.choice([least, most, self.rng.randint(least, most)])

    def _number(self, schema: Schema, share: float) -> Any:
        return self.rng.choice(NUMBERS)

    def _boolean(self, schema: Schema, share: float) -> bool:
        return self.rng.random() < 0.5

    def variants(self, payload: Any) -> Iterator[Any]:
        """The payload with one place changed, for every place and every change."""
        yield from self._variants(self.root, payload)

    def _variants(self, schema: Schema, value: Any) -> Iterator[Any]:
        schema = self.resolved(schema)
        yield from self._replacements(schema, value)
        if isinstance(value, dict) and schema.get("type") == "object":
            yield from self._object_variants(schema, value)
        elif isinstance(value, list) and schema.get("type") == "array":
            yield from self._array_variants(schema, value)

    def _replacements(self, schema: Schema, value: Any) -> Iterator[Any]:
        kind = schema.get("type")
        few = 4 if kind in ("string", "object", "array") else len(WRONG)
        yield from (other for other in WRONG[:few] if other != value or type(other) is not type(value))
        if kind == "string":
            yield from (5, Decimal("1.5"), *self._texts(schema, value))
        if kind == "integer":
            yield from (
                schema[limit] + step
                for limit in ("minimum", "maximum")
                if limit in schema
                for step in (-1, 1)
            )

    def _texts(self, schema: Schema, value: str) -> Iterator[str]:
        if "maxLength" in schema:
            longest = schema["maxLength"]
            yield from ("a" * longest, "a" * (longest + 1), "😀" * longest, "é" * (longest + 1))
        elif "enum" in schema:
            yield from (value.lower(), value + "\n", " " + value, value[:-1], "", *schema["enum"][-1:])
        elif schema.get("format") == "date-time":
            yield from (*DATE_TIMES, *OTHER_TEXTS)

    def _object_variants(self, schema: Schema, value: dict[str, Any]) -> Iterator[Any]:
        yield {**value, "unknownProperty": 1}
        for name, member in schema.get("properties", {}).items():
            if name not in value:
                yield {**value, name: self.value(member, 0)}
                yield {**value, name: None}
                continue
            yield {key: other for key, other in value.items() if key != name}
            for variant in self._variants(member, value[name]):
                yield {**value, name: variant}

    def _array_variants(self, schema: Schema, value: list[Any]) -> Iterator[Any]:
        yield [*value, None]
        for length in {
            schema.get("minItems", 0) - 1,
            schema.get("maxItems", 3),
            schema.get("maxItems", 3) + 1,
        }:
            if 0 <= length <= 1100:
                yield [self.value(schema["items"], 0)] * length
        for variant in self._variants(schema["items"], value[0]) if value else ():
            yield [variant, *value[1:]]
