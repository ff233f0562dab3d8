"""The commands and their order in ``forecourt --help``; errors become one line and an exit code."""

import sys

import typer

from forecourt import __version__
from forecourt.cli import network, serving, sessions
from forecourt.cli.output import FailedError, fail
from forecourt.config import ConfigError
from forecourt.instance import InstanceError
from forecourt.store.errors import StoreError

app = typer.Typer(
    name="forecourt",
    help="Run a public fast-charging network.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
serving.register(app)
app.add_typer(network.stations, name="station")
app.add_typer(network.piles, name="pile")
app.add_typer(sessions.sessions, name="session")
app.add_typer(network.tokens, name="token")
app.add_typer(network.tariffs, name="tariff")
app.add_typer(network.operators, name="operator")


@app.callback(invoke_without_command=True)
def _version(version: bool = typer.Option(False, "--version", help="Print the version and exit.")) -> None:
    if version:
        typer.echo(f"forecourt {__version__}")
        raise typer.Exit


def main() -> None:
    """Run a command. Exit codes: 0 done, 1 refused or failed, 2 wrong usage or configuration, 130 interrupted."""
    try:
        app()
    except FailedError as error:
        fail(str(error), 1)
    except (ConfigError, InstanceError, StoreError) as error:
        fail(str(error), 2)
    except KeyboardInterrupt:
        sys.exit(130)
