"""Commands that run: serve, demo, migrate."""

import asyncio
import os
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from forecourt import config
from forecourt.cli.network import DataDir
from forecourt.cli.output import Json, show_json

Host = Annotated[str | None, typer.Option(help="Address of console and API (FORECOURT_HTTP_HOST).")]
Port = Annotated[int | None, typer.Option(help="Port of console and API (FORECOURT_HTTP_PORT).")]
OcppHost = Annotated[str | None, typer.Option(help="Address where piles connect (FORECOURT_OCPP_HOST).")]
OcppPort = Annotated[int | None, typer.Option(help="Port where piles connect (FORECOURT_OCPP_PORT).")]


def register(app: typer.Typer) -> None:
    """Add the commands to the application."""
    for command in (serve, demo, migrate):
        app.command()(command)


def serve(
    host: Host = None,
    port: Port = None,
    ocpp_host: OcppHost = None,
    ocpp_port: OcppPort = None,
    database_url: Annotated[str | None, typer.Option(help="PostgreSQL URL (FORECOURT_DATABASE_URL).")] = None,
    data_dir: DataDir = None,
) -> None:
    """Run the server: piles connect to it, operators sign in to it."""
    settings = config.load(
        os.environ,
        http_host=host,
        http_port=port,
        ocpp_host=ocpp_host,
        ocpp_port=ocpp_port,
        database_url=database_url,
        data_dir=data_dir,
    )
    for line in config.unknown(os.environ):
        typer.echo(f"forecourt: {line}", err=True)
    from forecourt.app import run  # noqa: PLC0415 (the whole server is loaded only to serve)

    run(settings)


def demo(
    stations: Annotated[int, typer.Option(min=1, max=54, help="How many of the 54 stations.")] = 54,
    seed: Annotated[int, typer.Option(help="The same seed gives the same network and cars.")] = 1,
    speed: Annotated[float, typer.Option(min=1, max=600, help="How much faster than life time runs.")] = 10.0,
    host: Host = None,
    port: Port = None,
    ocpp_port: OcppPort = None,
    data_dir: Annotated[
        Path | None, typer.Option(help="Keep the demo's data here instead of a temporary folder.")
    ] = None,
) -> None:
    """Show the network of 54 stations alive: real OCPP clients, cars of all brands, in your browser."""
    from forecourt.demo import run  # noqa: PLC0415 (the simulator is loaded for the demo only)

    settings = config.load(os.environ, http_host=host, http_port=port, ocpp_port=ocpp_port)
    run(settings, stations=stations, seed=seed, speed=speed, data_dir=data_dir)


def migrate(
    database_url: Annotated[str | None, typer.Option(help="PostgreSQL URL (FORECOURT_DATABASE_URL).")] = None,
    data_dir: DataDir = None,
    as_json: bool = Json,
) -> None:
    """Bring the database's schema up to this version; refused while a server is running."""
    settings = config.load(os.environ, database_url=database_url, data_dir=data_dir)
    from forecourt.app import migrate as bring_up_to_date  # noqa: PLC0415

    with Console(stderr=True).status("migrating …"):
        done = asyncio.run(bring_up_to_date(settings))
    show_json({"done": done}) if as_json else typer.echo(done)
