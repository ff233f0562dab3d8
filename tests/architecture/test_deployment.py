"""The container files: what they name exists, and says what the configuration understands."""

import re
import shlex
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml

from forecourt import config

ROOT = Path(__file__).parents[2]
DOCKERFILE = (ROOT / "Dockerfile").read_text().replace("\\\n", " ")
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())
FORECOURT = COMPOSE["services"]["forecourt"]
SETTINGS = {f"FORECOURT_{field.name.upper()}" for field in msgspec.structs.fields(config.Config)}


def _instructions(word: str) -> list[list[str]]:
    return [shlex.split(rest) for rest in re.findall(rf"^{word} +(.*)$", DOCKERFILE, re.MULTILINE)]


def _copied() -> list[str]:
    rows = [row for row in _instructions("COPY") if not row[0].startswith("--from=")]
    return [source for row in rows for source in row[:-1]]


@pytest.mark.parametrize("source", _copied())
def test_what_the_image_copies_exists_and_is_sent_to_the_builder(source: str) -> None:
    assert (ROOT / source).exists()
    allowed = [line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")]
    assert any(fnmatch(source, pattern) for pattern in allowed)


def test_the_image_holds_all_that_the_build_reads() -> None:
    assert {"pyproject.toml", "uv.lock", "hatch_build.py", "README.md", "LICENSE", "src", "assets"} <= set(
        _copied()
    )


def test_the_image_does_not_run_as_root() -> None:
    assert _instructions("USER")[-1] == ["forecourt"]


def test_every_base_image_is_pinned() -> None:
    default = dict(argument.split("=") for [argument] in _instructions("ARG"))
    images = {row[0].replace("${PYTHON}", default["PYTHON"]) for row in _instructions("FROM")}
    images |= {service["image"] for service in COMPOSE["services"].values() if "image" in service}
    assert {image for image in images if not re.search(r":\d+(\.\d+)?-", image)} == set()


def test_every_setting_is_one_of_ours() -> None:
    named = set(re.findall(r"FORECOURT_[A-Z_]+(?==)", DOCKERFILE)) | set(FORECOURT["environment"])
    assert named
    assert named <= SETTINGS


@pytest.mark.parametrize("page", sorted((ROOT / "docs").rglob("*.md")), ids=lambda path: path.name)
def test_every_setting_in_the_docs_is_one_of_ours(page: Path) -> None:
    named = {name for name in re.findall(r"FORECOURT_[A-Z_]*[A-Z]", page.read_text()) if "_TEST_" not in name}
    assert named <= SETTINGS


def test_compose_gives_a_configuration_that_loads() -> None:
    environment = {name: str(value) for name, value in FORECOURT["environment"].items()}
    loaded = config.load(environment)
    assert loaded.database_url.startswith("postgresql://")
    assert loaded.nats_url == "nats://nats:4222"


def test_the_published_ports_are_the_ones_served() -> None:
    served = {str(config.Config().http_port), str(config.Config().ocpp_port)}
    published = [port.split(":") for port in FORECOURT["ports"]]
    assert {inside for _, _, inside in published} == served == set(_instructions("EXPOSE")[0])
    assert {address for address, _, _ in published} == {"127.0.0.1"}


def test_the_server_waits_for_healthy_services() -> None:
    waited = FORECOURT["depends_on"]
    assert set(waited) == set(COMPOSE["services"]) - {"forecourt"}
    assert {row["condition"] for row in waited.values()} == {"service_healthy"}
    assert all("healthcheck" in COMPOSE["services"][name] for name in waited)
