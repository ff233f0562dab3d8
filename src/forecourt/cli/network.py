"""Commands about master data: stations, piles, tokens, tariffs, operators."""

from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import quote

import httpx
import typer

from forecourt.cli.client import call, every, with_api
from forecourt.cli.output import FailedError, Json, show_json, show_list, show_one

stations = typer.Typer(help="Places with piles.", no_args_is_help=True)
piles = typer.Typer(help="Charging devices.", no_args_is_help=True)
tokens = typer.Typer(help="What identifies drivers and cars.", no_args_is_help=True)
tariffs = typer.Typer(help="Price rules.", no_args_is_help=True)
operators = typer.Typer(help="People who sign in to the console.", no_args_is_help=True)

DataDir = Annotated[Path | None, typer.Option("--data-dir", help="The data folder (FORECOURT_DATA_DIR).")]
# The words that each option takes: typer refuses others, and names these.
OcppVersion = Literal["1.6", "2.0.1"]
Role = Literal["viewer", "operator", "admin"]
Limit = Annotated[int, typer.Option("--limit", min=1, help="How many at most.")]


def at(path: str) -> str:
    """Return one segment of an API path. Raises FailedError for an empty one, which would name another path."""
    if not path:
        raise FailedError("the id is empty: give one of 1 to 48 characters")
    return quote(path, safe="")


@stations.command("add")
def add_station(
    station_id: str,
    name: str,
    lat: Annotated[float, typer.Option(help="Latitude, WGS-84.")],
    lon: Annotated[float, typer.Option(help="Longitude, WGS-84.")],
    city: str = "",
    address: str = "",
    time_zone: str = "Asia/Shanghai",
    currency: str = "CNY",
    grid_kw: Annotated[int | None, typer.Option(min=0, help="Limit of the grid connection in kW.")] = None,
    tariff: Annotated[str | None, typer.Option(help="Id of the tariff of its piles.")] = None,
    data_dir: DataDir = None,
    as_json: bool = Json,
) -> None:
    """Add a station, or change it."""
    body = {
        "name": name,
        "lat": lat,
        "lon": lon,
        "city": city,
        "address": address,
        "time_zone": time_zone,
        "currency": currency,
        "grid_w": grid_kw * 1000 if grid_kw is not None else None,
        "tariff_id": tariff,
    }

    async def use(client: httpx.AsyncClient) -> Any:
        return await call(client, "PUT", f"/stations/{at(station_id)}", json=body)

    show_one(with_api(use, data_dir=data_dir), as_json)


@stations.command("list")
def list_stations(limit: Limit = 1000, data_dir: DataDir = None, as_json: bool = Json) -> None:
    """List stations."""
    items = with_api(lambda client: every(client, "/stations", limit), data_dir=data_dir)
    columns = ("id", "name", "city", "time_zone", "grid_w", "tariff_id")
    show_list(items, columns, as_json, "No station yet: forecourt station add")


@piles.command("add")
def add_pile(
    pile_id: str,
    station: Annotated[str, typer.Option(help="Id of its station.")],
    version: Annotated[OcppVersion | None, typer.Option(help="OCPP version it is registered with.")] = None,
    power_kw: Annotated[int | None, typer.Option(min=0, help="Rated power in kW.")] = None,
    tariff: Annotated[str | None, typer.Option(help="Id of a tariff of its own.")] = None,
    password: Annotated[
        bool, typer.Option(help="Make a new password, shown this once; or leave it as it is.")
    ] = True,
    data_dir: DataDir = None,
    as_json: bool = Json,
) -> None:
    """Add a pile, or change it, and make its password."""
    body = {
        "station_id": station,
        "ocpp_version": version or "",
        "max_power_w": power_kw * 1000 if power_kw is not None else None,
        "tariff_id": tariff,
    }

    async def use(client: httpx.AsyncClient) -> Any:
        pile = await call(client, "PUT", f"/piles/{at(pile_id)}", json=body)
        made = await call(client, "POST", f"/piles/{at(pile_id)}/password") if password else {}
        return pile | made

    show_one(with_api(use, data_dir=data_dir), as_json)


@piles.command("list")
def list_piles(
    station: Annotated[str | None, typer.Option(help="Only those of a station.")] = None,
    limit: Limit = 1000,
    data_dir: DataDir = None,
    as_json: bool = Json,
) -> None:
    """List piles."""
    items = with_api(lambda client: every(client, "/piles", limit, station_id=station), data_dir=data_dir)
    columns = ("id", "station_id", "online", "registration", "ocpp_version", "vendor", "model")
    show_list(items, columns, as_json, "No pile yet: forecourt pile add")


@piles.command("show")
def show_pile(pile_id: str, data_dir: DataDir = None, as_json: bool = Json) -> None:
    """Show a pile with its EVSEs."""
    pile = with_api(lambda client: call(client, "GET", f"/piles/{at(pile_id)}"), data_dir=data_dir)
    show_one(pile, as_json)


@piles.command("reset")
def reset_pile(
    pile_id: str,
    now: Annotated[bool, typer.Option("--now", help="At once, ending its sessions.")] = False,
    wait: Annotated[int, typer.Option(min=0, max=30, help="Seconds to wait for the answer.")] = 30,
    data_dir: DataDir = None,
    as_json: bool = Json,
) -> None:
    """Restart a pile: when its sessions have ended, or at once."""
    body = {"kind": "Reset", "when_idle": not now}

    async def use(client: httpx.AsyncClient) -> Any:
        command = await call(client, "POST", f"/piles/{at(pile_id)}/commands", json=body)
        return await call(client, "GET", f"/commands/{command['id']}", params={"wait": wait})

    command = with_api(use, data_dir=data_dir)
    show_one(command, as_json)
    if command["state"] != "accepted":
        why = command.get("error") or command.get("result") or "the pile has not answered yet"
        raise FailedError(f"the reset is {command['state']}: {why}")


@tokens.command("add")
def add_token(
    uid: str,
    token_type: Annotated[
        str, typer.Option("--type", help="OCPP 2.0.1 type: ISO14443, eMAID, Central …")
    ] = "",
    driver: str = "",
    blocked: Annotated[bool, typer.Option("--blocked", help="Refuse it.")] = False,
    data_dir: DataDir = None,
    as_json: bool = Json,
) -> None:
    """Add a token, or change it."""
    body = {"type": token_type, "driver": driver, "status": "blocked" if blocked else "accepted"}
    token = with_api(lambda client: call(client, "PUT", f"/tokens/{at(uid)}", json=body), data_dir=data_dir)
    show_one(token, as_json)


@tokens.command("list")
def list_tokens(limit: Limit = 100, data_dir: DataDir = None, as_json: bool = Json) -> None:
    """List tokens."""
    items = with_api(lambda client: every(client, "/tokens", limit), data_dir=data_dir)
    columns = ("uid", "type", "status", "driver", "brand", "expires_at")
    show_list(items, columns, as_json, "No token yet: forecourt token add")


@tariffs.command("set")
def set_tariff(
    file: Annotated[
        typer.FileText, typer.Argument(help="A tariff as JSON (docs/explanation/pricing.md); - for stdin.")
    ],
    data_dir: DataDir = None,
    as_json: bool = Json,
) -> None:
    """Set a tariff from a file; sessions that have begun keep the old one."""
    text = file.read()
    headers = {"content-type": "application/json"}

    async def use(client: httpx.AsyncClient) -> Any:
        return await call(
            client, "PUT", f"/tariffs/{at(_id_in(text))}", content=text.encode(), headers=headers
        )

    tariff = with_api(use, data_dir=data_dir)
    show_json(tariff) if as_json else show_one({"id": tariff["id"], "name": tariff["name"]}, False)


def _id_in(text: str) -> str:
    try:
        return str(httpx.Response(200, text=text).json()["id"])
    except (ValueError, KeyError, TypeError):
        raise FailedError("the file is not a JSON object with an id") from None


@tariffs.command("list")
def list_tariffs(data_dir: DataDir = None, as_json: bool = Json) -> None:
    """List tariffs."""
    page = with_api(lambda client: call(client, "GET", "/tariffs"), data_dir=data_dir)
    show_list(page["items"], ("id", "name", "currency"), as_json, "No tariff yet: forecourt tariff set FILE")


@operators.command("add")
def add_operator(
    username: str,
    role: Annotated[Role, typer.Option(help="What the operator may do.")] = "operator",
    data_dir: DataDir = None,
    as_json: bool = Json,
) -> None:
    """Add an operator, or give one a new password; it is shown this once."""
    body = {"role": role}
    made = with_api(
        lambda client: call(client, "PUT", f"/operators/{at(username)}", json=body), data_dir=data_dir
    )
    show_one(made, as_json)
