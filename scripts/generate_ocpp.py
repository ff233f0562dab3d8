"""Write `forecourt.ocpp.v16` and `v201`, the typed messages, from the official JSON schemas.

    python scripts/generate_ocpp.py            writes the modules
    python scripts/generate_ocpp.py --check    exits 1 if a module that is checked in differs

The schemas of the Open Charge Alliance come with the PyPI package `ocpp` (a development dependency). Only names,
types, limits and enumerations are taken over: no descriptions. A keyword that this script does not know is an error,
never ignored.
"""

import argparse
import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import Any

Schema = dict[str, Any]
ROOT = Path(__file__).resolve().parents[1]
NAMES = ROOT / "scripts" / "ocpp_names.toml"
OCPP = ROOT / "src" / "forecourt" / "ocpp"

KNOWN = {
    "$schema",
    "$id",
    "$ref",
    "additionalItems",
    "additionalProperties",
    "comment",
    "default",
    "definitions",
}
KNOWN |= {
    "description",
    "enum",
    "format",
    "items",
    "javaType",
    "maxItems",
    "maxLength",
    "maximum",
    "minItems",
}
KNOWN |= {"minimum", "multipleOf", "properties", "required", "title", "type"}


@dataclass
class Version:
    """One version's schemas, and the Python that comes of them."""

    package: str  # of `ocpp` and of `forecourt.ocpp`
    title: str
    request_suffix: str
    names: dict[str, Any]  # its part of ocpp_names.toml
    enums: dict[str, str] = field(default_factory=dict)  # name → its definition
    datatypes: dict[str, str] = field(default_factory=dict)  # in the order in which they need each other
    lengths: set[int] = field(default_factory=set)

    def blocks(self) -> dict[str, dict[str, Any]]:
        """Module → its title and its actions."""
        blocks: dict[str, dict[str, Any]] = self.names["blocks"]
        return blocks

    def inner(self, kind: str, owner: str, key: str) -> str:
        """What the specification calls an object or enumeration that stands inside another."""
        names: dict[str, str] = self.names[kind]
        return names.get(f"{owner}.{key}") or names[key]

    def schema(self, action: str, suffix: str) -> Schema:
        name = f"{action}{self.request_suffix if suffix == 'Request' else suffix}.json"
        text = resources.files("ocpp").joinpath(self.package, "schemas", name).read_text("utf-8-sig")
        schema: Schema = json.loads(text)
        return schema

    def files(self) -> int:
        schemas = resources.files("ocpp").joinpath(self.package, "schemas")
        return sum(entry.name.endswith(".json") for entry in schemas.iterdir())


class Reader:
    """Turns one schema file into classes; what files share goes to the version's enums and datatypes, once."""

    def __init__(self, version: Version, schema: Schema) -> None:
        self.version = version
        self.definitions: dict[str, Schema] = schema.get("definitions", {})
        draft4 = "draft-04" in schema["$schema"]
        if version.package == "v201":
            self.base = "Payload201"
        else:
            self.base = "Payload16" if draft4 else "SecurityPayload16"

    def struct(self, name: str, schema: Schema) -> str:
        """The class of an object."""
        check(schema)
        if schema.get("additionalProperties") is not False:
            raise ValueError(f"{name}: an open object")
        properties = dict(schema.get("properties", {}))
        if self.base == "Payload201":
            properties.pop("customData")  # of the base
        lines = [f"class {name}({self.base}, frozen=True, kw_only=True):"]
        lines += [
            self.member(name, key, value, schema.get("required", [])) for key, value in properties.items()
        ]
        return "\n    ".join(lines if len(lines) > 1 else [*lines, "pass"])

    def member(self, owner: str, key: str, schema: Schema, required: list[str]) -> str:
        attribute, kind = snake(key), self.type(owner, key, schema)
        renamed = "" if camel(attribute) == key else f'name="{key}"'
        if key in required:
            return f"{attribute}: {kind}" + (f" = field({renamed})" if renamed else "")
        if kind == "Any":  # where null is a value, so that absence must be another
            return f"{attribute}: Any = UNSET"
        default = f"field(default=None, {renamed})" if renamed else "None"
        return f"{attribute}: Opt[{kind}] = {default}"

    def type(self, owner: str, key: str, schema: Schema) -> str:
        """The annotation of a property or of an item."""
        check(schema)
        if "$ref" in schema:
            return self.referred(schema["$ref"].removeprefix("#/definitions/"))
        if "type" not in schema:
            return "Any"
        return TYPES[schema["type"]](self, owner, key, schema)

    def referred(self, definition: str) -> str:
        name = definition.removesuffix("Type")
        if definition == "CustomDataType":
            return "CustomData"
        schema = self.definitions[definition]
        return self.enum(name, schema) if "enum" in schema else self.datatype(name, schema)

    def array(self, owner: str, key: str, schema: Schema) -> str:
        kind = f"tuple[{self.type(owner, key, schema['items'])}, ...]"
        limits = {"min_length": schema.get("minItems"), "max_length": schema.get("maxItems")}
        return annotated(kind, limits)

    def object(self, owner: str, key: str, schema: Schema) -> str:
        return self.datatype(self.version.inner("objects", owner, key), schema)

    def string(self, owner: str, key: str, schema: Schema) -> str:
        if "enum" in schema:
            return self.enum(self.version.inner("enums", owner, key), schema)
        if schema.get("format") == "date-time":
            return "Timestamp"
        if "maxLength" not in schema:
            return "str"  # `format: uri` too: JSON Schema does not assert it, and piles know no such check
        self.version.lengths.add(schema["maxLength"])
        return f"Str{schema['maxLength']}"

    def number(self, owner: str, key: str, schema: Schema) -> str:
        if "minimum" in schema or "maximum" in schema or schema.get("multipleOf", 0.1) != 0.1:
            raise ValueError(f"{owner}.{key}: a number with limits that have no type yet")
        return "Tenths" if "multipleOf" in schema else "Number"

    def integer(self, owner: str, key: str, schema: Schema) -> str:
        limits = {"ge": schema.get("minimum"), "le": schema.get("maximum")}
        return annotated(
            "int", {name: None if limit is None else int(limit) for name, limit in limits.items()}
        )

    def boolean(self, owner: str, key: str, schema: Schema) -> str:
        return "bool"

    def enum(self, name: str, schema: Schema) -> str:
        values = ", ".join(f'"{value}"' for value in schema["enum"])
        return register(self.version.enums, name, f"{name} = Literal[{values}]")

    def datatype(self, name: str, schema: Schema) -> str:
        return register(self.version.datatypes, name, self.struct(name, schema))


TYPES = {
    "array": Reader.array,
    "boolean": Reader.boolean,
    "integer": Reader.integer,
    "number": Reader.number,
    "object": Reader.object,
    "string": Reader.string,
}


def check(schema: Schema) -> None:
    if unknown := schema.keys() - KNOWN:
        raise ValueError(f"keywords that have no translation yet: {sorted(unknown)}")


def register(known: dict[str, str], name: str, definition: str) -> str:
    """Two definitions under one name must be one and the same; else the name needs a row in ocpp_names.toml."""
    if known.setdefault(name, definition) != definition:
        raise ValueError(f"{name} means two things:\n{known[name]}\n{definition}")
    return name


def annotated(kind: str, limits: dict[str, int | None]) -> str:
    given = ", ".join(f"{name}={limit}" for name, limit in limits.items() if limit is not None)
    return f"Annotated[{kind}, Meta({given})]" if given else kind


def snake(name: str) -> str:
    """evseId → evse_id, fullSoC → full_soc, responderURL → responder_url."""
    name = name.replace("SoC", "Soc")
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()


def camel(name: str) -> str:
    """As msgspec's `rename="camel"` does it."""
    first, *others = name.split("_")
    return first + "".join(word.title() for word in others)


IMPORTS = {
    r"\bAny\b|\bAnnotated\b|\bLiteral\b": "from typing import {}",
    r"\bUNSET\b|\bMeta\b|(?<= )field(?=\()": "from msgspec import {}",
    r"\bCustomData\b|\bNumber\b|\bOpt\b|\bTenths\b|\bTimestamp\b|\b(?:Security)?Payload(?:16|201)\b": (
        "from forecourt.ocpp.primitives import {}"
    ),
}


def header(version: Version, title: str) -> str:
    origin = f"Generated by scripts/generate_ocpp.py from the schemas of OCPP {version.title}; do not edit."
    return f'"""{title}\n\n{origin}\n"""\n'


def module(version: Version, title: str, body: list[str], *siblings: tuple[str, set[str]]) -> str:
    """A module of these definitions, with the imports that they need."""
    text = "\n\n\n".join(body)
    lines = [header(version, title)]
    for pattern, statement in IMPORTS.items():
        if names := sorted(set(re.findall(pattern, text))):
            lines.append(statement.format(", ".join(names)))
    for sibling, names_there in siblings:
        if names := sorted(names_there & set(re.findall(r"\w+", text))):
            lines.append(f"from forecourt.ocpp.{version.package}.{sibling} import {', '.join(names)}")
    return "\n".join(lines) + "\n\n" + text + "\n"


def messages(version: Version, actions: list[str]) -> list[str]:
    classes = []
    for action in actions:
        for suffix in ("Request", "Response"):
            schema = version.schema(action, suffix)
            classes.append(Reader(version, schema).struct(action + suffix, schema))
    return classes


def modules(version: Version) -> dict[str, str]:
    """Every module of a version, by its name, not yet formatted."""
    blocks = version.blocks()
    bodies = {name: messages(version, block["actions"]) for name, block in blocks.items()}
    strings = [f"Str{n} = Annotated[str, Meta(max_length={n})]" for n in sorted(version.lengths)]
    shared = ("strings", {line.split()[0] for line in strings}), ("enums", set(version.enums))
    everything = (*shared, ("datatypes", set(version.datatypes)))
    written = {
        "strings": module(version, "Strings by their longest length, in code points.", ["\n".join(strings)]),
        "enums": module(version, "The enumerations.", ["\n\n".join(sorted(version.enums.values()))]),
        "datatypes": module(version, "What the messages share.", [*version.datatypes.values()], *shared),
    }
    for name, block in blocks.items():
        written[name] = module(version, f"The messages of {block['title']}.", bodies[name], *everything)
    return written | {"__init__": package(version)}


def package(version: Version) -> str:
    """The `__init__` that gathers everything and holds the table of actions."""
    blocks = version.blocks()
    actions = sorted(action for block in blocks.values() for action in block["actions"])
    if len(set(actions)) * 2 != version.files():
        raise ValueError(f"{version.package}: {len(actions)} actions named, {version.files()} schemas there")
    homes = {name: pairs(block["actions"]) for name, block in blocks.items()}
    homes |= {"datatypes": [*version.datatypes], "enums": [*version.enums]}
    exported = ["ACTIONS", *(name for names in homes.values() for name in names)]
    return f"""{header(version, f"The messages of OCPP {version.title}, and the table of its actions.")}
from forecourt.ocpp.primitives import Action
{lines("from forecourt.ocpp.{}.{} import {}", [(version.package, *home) for home in listed(homes)])}

__all__ = [{lines('"{}",', [(name,) for name in exported])}]

ACTIONS: dict[str, Action] = {{
    action.name: action
    for action in (
        {lines('Action("{0}", {0}Request, {0}Response),', [(name,) for name in actions])}
    )
}}
"""


def pairs(actions: list[str]) -> list[str]:
    return [action + suffix for action in actions for suffix in ("Request", "Response")]


def listed(homes: dict[str, list[str]]) -> list[tuple[str, str]]:
    return [(home, ", ".join(sorted(names))) for home, names in homes.items()]


def lines(template: str, rows: Sequence[tuple[str, ...]]) -> str:
    return "\n".join(template.format(*row) for row in rows)


def formatted(source: str) -> str:
    ruff = str(Path(sys.executable).with_name("ruff"))
    sort = ["check", "--select=I,RUF022", "--fix-only", "--quiet"]
    sort += ["--config=lint.isort.known-first-party=['forecourt']"]
    for command in (sort, ["format"]):
        arguments = [ruff, *command, "--stdin-filename=src/forecourt/ocpp/v16/x.py", "-"]
        run = subprocess.run(arguments, input=source, capture_output=True, text=True, check=True, cwd=ROOT)
        source = run.stdout
    return source


def generate() -> dict[Path, str]:
    """Every generated module, by its path."""
    names = tomllib.loads(NAMES.read_text("utf-8"))
    versions = (
        Version("v16", "1.6", "", names["v16"]),
        Version("v201", "2.0.1", "Request", names["v201"]),
    )
    return {
        OCPP / version.package / f"{name}.py": formatted(source)
        for version in versions
        for name, source in modules(version).items()
    }


def stale(wanted: dict[Path, str]) -> list[Path]:
    """The modules that are missing, differ, or are there without a reason."""
    there = {path for package in ("v16", "v201") for path in (OCPP / package).glob("*.py")}
    differing = [
        path for path, text in wanted.items() if path not in there or path.read_text("utf-8") != text
    ]
    return differing + sorted(there - wanted.keys())


def write(wanted: dict[Path, str]) -> None:
    for path in stale(wanted):
        if path not in wanted:
            path.unlink()
            continue
        path.parent.mkdir(exist_ok=True)
        path.write_text(wanted[path], "utf-8")


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if a module differs")
    wanted = generate()
    if not parser.parse_args().check:
        write(wanted)
        return 0
    differing = stale(wanted)
    for path in differing:
        print(f"differs from its schema: {path.relative_to(ROOT)}", file=sys.stderr)
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main())
