"""The pages that people read first: what they link to is there, and what they tell to type exists."""

import re
import shlex
from itertools import takewhile
from pathlib import Path
from typing import Any

import click
import pytest
import typer

from forecourt.cli.main import app
from forecourt.simulator.__main__ import _parser

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
TYPED = [
    page for page in PAGES if page.name in ("README.md", "quickstart.md") or page.parent.name == "how-to"
]
LINK = re.compile(r"\]\(([^)\s]+)\)")
FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)


def named(page: Path) -> str:
    return str(page.relative_to(ROOT))


def prose(page: Path) -> str:
    return FENCE.sub("", page.read_text())


def anchors(page: Path) -> set[str]:
    """What GitHub makes of the headings: small letters, spaces to dashes, no other signs."""
    headings = re.findall(r"^#+ (.+)$", prose(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def broken(page: Path) -> list[str]:
    found = []
    for link in LINK.findall(prose(page)):
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if re.match(r"[a-z]+:", link):
            continue
        if not target.exists() or (anchor and anchor not in anchors(target)):
            found.append(link)
    return found


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_every_relative_link_leads_somewhere(page: Path) -> None:
    assert broken(page) == []


def lines(page: Path) -> list[list[str]]:
    """The words of each command line in the page's fences, without what the shell does around them."""
    shell = [text for kind, text in FENCE.findall(page.read_text()) if kind in ("", "sh", "console")]
    joined = "\n".join(shell).replace("\\\n", " ")
    return [_words(line) for line in joined.splitlines() if line.strip()]


def _words(line: str) -> list[str]:
    try:
        return shlex.split(line, comments=True)
    except ValueError:
        return []


def after(words: list[str], *program: str) -> list[str] | None:
    """The arguments of a program in a line; None where it is not in it."""
    for at in range(len(words)):
        head = [Path(words[at]).name, *words[at + 1 : at + len(program)]]
        if head == list(program):
            return list(takewhile(lambda word: word not in ("&&", ";", "|"), words[at + len(program) :]))
    return None


def unknown_option(arguments: list[str]) -> str:
    """What of a line `forecourt` does not know: a command or an option."""
    command: Any = typer.main.get_command(app)
    rest = list(arguments)
    while isinstance(command, click.Group) or hasattr(command, "commands"):
        if not rest or rest[0].startswith("-"):
            break
        name = rest.pop(0)
        if name not in command.commands:
            return name
        command = command.commands[name]
    options = {option for parameter in command.params for option in parameter.opts + parameter.secondary_opts}
    return " ".join(word for word in rest if word.startswith("--") and word not in {*options, "--help"})


@pytest.mark.parametrize("page", TYPED, ids=named)
def test_every_forecourt_command_exists_with_its_options(page: Path) -> None:
    wrong = [
        bad
        for words in lines(page)
        if (arguments := after(words, "forecourt")) and (bad := unknown_option(arguments))
    ]
    assert wrong == []


@pytest.mark.parametrize("page", TYPED, ids=named)
def test_every_make_target_exists(page: Path) -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    asked = {arguments[0] for words in lines(page) if (arguments := after(words, "make"))}
    assert asked <= targets


def test_the_simulator_takes_what_the_pages_type() -> None:
    typed = [arguments for page in PAGES for words in lines(page) if (arguments := _simulator(words))]
    assert typed
    for arguments in typed:
        _parser().parse_args(arguments)


def _simulator(words: list[str]) -> list[str] | None:
    return after(words, "python", "-m", "forecourt.simulator")


def test_a_wrong_command_line_would_be_found() -> None:
    assert unknown_option(["pile", "add", "CP1", "--statoin", "S1"]) == "--statoin"
    assert unknown_option(["pyle"]) == "pyle"
    assert after([".venv/bin/forecourt", "serve"], "forecourt") == ["serve"]
