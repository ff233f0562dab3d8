"""Write docs/reference/cli.md from the commands themselves; ``--check`` says whether it is up to date."""

import sys
from pathlib import Path

import typer
from typer.cli import get_docs_for_click

from forecourt.cli.main import app

PAGE = Path(__file__).parents[1] / "docs" / "reference" / "cli.md"
HEAD = """<!-- Written by scripts/cli_reference.py; do not edit. -->
# Commands

Commands are clients of the running server of their data folder; with none running they take its lock and do it themselves.
`--json` prints JSON. Exit codes: 0 done, 1 refused or failed, 2 wrong usage or configuration, 130 interrupted.

"""


def text() -> str:
    """Return the page."""
    command = typer.main.get_command(app)
    docs = get_docs_for_click(obj=command, ctx=typer.Context(command), name="forecourt")
    body = "\n".join(line.rstrip() for line in docs.splitlines()[2:])
    return HEAD + body.strip() + "\n"


def main() -> int:
    """Write or check the page; 1: it is out of date."""
    if "--check" in sys.argv[1:]:
        return int(PAGE.read_text() != text())
    PAGE.write_text(text())
    return 0


if __name__ == "__main__":
    sys.exit(main())
