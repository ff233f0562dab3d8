"""CDRs, tariffs and quotes."""

from datetime import timedelta
from typing import Annotated

from litestar import Response, get, post, put
from litestar.params import JSONBody, PathParameter

from forecourt.api.inputs import AnyRequest, By, Cursor, Filter, Limit, Since, Sv, Until, aware, same_id
from forecourt.api.pages import Page, paged, whole
from forecourt.api.problem import INVALID, FieldError, ProblemError, missing
from forecourt.api.routes.stations import known as known_station
from forecourt.api.schema.charging import Quote, QuoteBody
from forecourt.domain.cdr import Cdr
from forecourt.domain.price import quote
from forecourt.domain.price_text import explain
from forecourt.domain.tariff import Tariff, in_force
from forecourt.services import network
from forecourt.store.reads.billing import CdrFilter

TariffId = Annotated[str, PathParameter(description="Id of the tariff.")]
LONGEST = timedelta(days=7)


def _same(row: Cdr) -> Cdr:
    return row


@get("/cdrs", tags=["Billing"])
async def list_cdrs(
    sv: Sv,
    request: AnyRequest,
    *,
    station_id: Annotated[str | None, Filter] = None,
    since: Since = None,
    until: Until = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Response[Page[Cdr]]:
    """List the CDRs, the last issued first. Times are of the issue. Credits are in it: sums over the list are net."""
    which = CdrFilter(station_id=station_id, since=aware("since", since), until=aware("until", until))
    return await paged(request, sv.store.cdrs(which, cursor, limit), _same)


@get("/cdrs/{cdr_id:str}", tags=["Billing"])
async def get_cdr(sv: Sv, cdr_id: Annotated[str, PathParameter(description="Id of the CDR.")]) -> Cdr:
    """Show a CDR: immutable, with the tariff and the explanation of every amount."""
    cdr = await sv.store.cdr(cdr_id)
    if cdr is None:
        raise missing("CDR", cdr_id)
    return cdr


@get("/tariffs", tags=["Billing"])
async def list_tariffs(sv: Sv) -> Page[Tariff]:
    """List the tariffs as they are now, by id."""
    return whole(await sv.store.tariffs(), lambda tariff: tariff)


@get("/tariffs/{tariff_id:str}", tags=["Billing"])
async def get_tariff(sv: Sv, tariff_id: TariffId) -> Tariff:
    """Show a tariff as it is now."""
    tariff = await sv.store.tariff(tariff_id)
    if tariff is None:
        raise missing("tariff", tariff_id)
    return tariff


@put("/tariffs/{tariff_id:str}", tags=["Billing"])
async def put_tariff(sv: Sv, caller: By, tariff_id: TariffId, data: JSONBody[Tariff]) -> Tariff:
    """Set a tariff. Sessions that have begun keep the one they began with. The same again changes nothing."""
    same_id(tariff_id, data.id)
    return await network.put_tariff(sv, data, caller.name)


@post("/tariffs/{tariff_id:str}/quote", tags=["Billing"], status_code=200)
async def quote_tariff(sv: Sv, tariff_id: TariffId, data: JSONBody[QuoteBody]) -> Quote:
    """Price a charge that has not happened: the same engine, and the same explanation, as on the bill."""
    tariff: Tariff = await get_tariff.fn(sv, tariff_id)
    station = await known_station(sv, data.station_id)
    start = data.start or sv.clock.now()
    if data.energy_wh * 3600 > data.power_w * LONGEST.total_seconds():
        raise _bad_quote(
            "$.energy_wh", f"takes longer than {LONGEST.days} days at this power; give more power"
        )
    if not in_force(tariff, start):
        raise _bad_quote("$.start", f"the tariff {tariff_id!r} is not in force at {start.isoformat()}")
    try:
        found = quote(tariff, start, station.time_zone, data.energy_wh, data.power_w)
    except (ValueError, OverflowError) as error:
        raise _bad_quote("$", f"this can't be priced: {error}") from None
    return Quote(found, tuple(explain(found)))


def _bad_quote(path: str, problem: str) -> ProblemError:
    return ProblemError(INVALID, f"{path}: {problem}", [FieldError(path, problem)])


HANDLERS = (list_cdrs, get_cdr, list_tariffs, get_tariff, put_tariff, quote_tariff)
