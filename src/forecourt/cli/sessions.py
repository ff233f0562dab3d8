"""Commands about sessions."""

from typing import Annotated, Any, Literal

import httpx
import typer

from forecourt.cli.client import call, every, with_api
from forecourt.cli.network import DataDir, Limit
from forecourt.cli.output import Json, show_json, show_list, show_one

State = Literal["open", "closed", "problem"]
sessions = typer.Typer(help="Charges, from plug-in to unplug.", no_args_is_help=True)


@sessions.command("list")
def list_sessions(
    state: Annotated[State | None, typer.Option(help="Only those in this state.")] = None,
    station: Annotated[str | None, typer.Option(help="Only those of a station.")] = None,
    pile: Annotated[str | None, typer.Option(help="Only those of a pile.")] = None,
    limit: Limit = 50,
    data_dir: DataDir = None,
    as_json: bool = Json,
) -> None:
    """List sessions, the newest first."""
    filters = {"state": state, "station_id": station, "pile_id": pile}
    items = with_api(lambda client: every(client, "/sessions", limit, **filters), data_dir=data_dir)
    columns = ("id", "pile_id", "evse_id", "state", "started_at", "energy_wh", "cost", "currency", "flags")
    show_list(items, columns, as_json, "No such session yet.")


@sessions.command("show")
def show_session(
    session_id: Annotated[int, typer.Argument(min=1, max=2**63 - 1)],
    data_dir: DataDir = None,
    as_json: bool = Json,
) -> None:
    """Show a session and its price, step by step."""

    async def use(client: httpx.AsyncClient) -> Any:
        return await call(client, "GET", f"/sessions/{session_id}")

    session = with_api(use, data_dir=data_dir)
    if as_json:
        show_json(session)
        return
    explanation = session.pop("explanation", None) or []
    session.pop("price", None)
    show_one(session, False)
    for line in explanation:
        typer.echo(line)
