"""The page of a session: its curve, and its price from frame to yuan."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
from litestar import MediaType, Response, get, post
from litestar.exceptions import ClientException, NotFoundException
from litestar.params import FromPath, FromQuery

from forecourt.console.access import OPERATOR
from forecourt.console.price_view import bands, components
from forecourt.console.render import link, page, see_other
from forecourt.console.sheet import CONTENT_TYPE, head, row, utc
from forecourt.console.visit import AnyRequest, Visit, visit_of
from forecourt.console.words import N_
from forecourt.domain.billing import usage_of
from forecourt.domain.pile import Pile
from forecourt.domain.price import price
from forecourt.domain.price_types import Price
from forecourt.domain.session import NEEDS_REVIEW, Session, SessionState
from forecourt.domain.station import Station
from forecourt.services import billing
from forecourt.store.meter_read import MeterPoint

PARTS = ("figures", "bill")
# A plot has about as many pixels; a table of more rows is a download.
TABLE_ROWS = 120


class Found(msgspec.Struct, frozen=True):
    """A session and where it took place."""

    session: Session
    pile: Pile
    station: Station


async def _found(visit: Visit, session_id: int) -> Found:
    store = visit.sv.store
    one = await store.session(session_id)
    pile = await store.pile(one.pile_id) if one else None
    station = await store.station(one.station_id) if one else None
    if one is None or pile is None or station is None:
        raise NotFoundException(str(session_id))
    return Found(one, pile, station)


@get("/sessions/{session_id:int}")
async def session(request: AnyRequest, session_id: FromPath[int], part: FromQuery[str] = "") -> Response[str]:
    """The session: figures, curve, price."""
    visit = visit_of(request)
    found = await _found(visit, session_id)
    one, station = found.session, found.station
    return page(
        visit,
        "session",
        part,
        PARTS,
        section="/sessions",
        live=link("/live", topics="state", session=session_id),
        session=one,
        pile=found.pile,
        station=station,
        zone=station.time_zone,
        token=await visit.sv.store.token(one.token_uid) if one.token_uid else None,
        records=await visit.sv.store.meter_records(session_id),
        points=thinned(await visit.sv.store.meter_values(session_id), TABLE_ROWS),
        running=one.state is SessionState.OPEN,
        releasable=bool(NEEDS_REVIEW.intersection(one.flags)),
        **await _bill(visit, found),
    )


async def _bill(visit: Visit, found: Found) -> dict[str, Any]:
    """Return the price that holds: the CDR's, else what the session would cost if it ended now."""
    cdrs = await visit.sv.store.cdrs_of(found.session.id)
    current = next((cdr for cdr in reversed(cdrs) if cdr.credits is None), None)
    tariff = current.tariff if current else await visit.sv.store.tariff_version(found.session.tariff_version)
    shown, trouble = current.price if current else None, ""
    if shown is None and tariff is not None:
        try:
            usage = usage_of(found.session, found.station.time_zone, found.pile.max_power_w, visit.now)
            shown = price(tariff, usage)
        except ValueError as error:
            trouble = str(error)
    drawn = (
        bands(shown, tariff, found.session.started_at, _end(visit, found.session)) if shown and tariff else []
    )
    return {
        "cdrs": cdrs,
        "cdr": current,
        "tariff": tariff,
        "price": shown,
        "trouble": trouble,
        "components": components(shown) if shown else [],
        "bands": drawn,
        "tones": {band.name: band.tone for band in drawn},
        "measured": _measured(found.session, shown),
    }


def _end(visit: Visit, one: Session) -> datetime:
    return one.closed_at or one.ended_at or visit.now


def _measured(one: Session, shown: Price | None) -> dict[str, Any]:
    readings = one.readings
    return {
        "count": len(readings),
        "first": readings[0] if readings else None,
        "last": readings[-1] if readings else None,
        "energy_wh": shown.energy_wh if shown else one.energy_wh,
    }


def thinned(points: Sequence[MeterPoint], most: int) -> list[MeterPoint]:
    """Return at most so many points, evenly chosen, the first and the last among them."""
    if len(points) <= most:
        return list(points)
    step = (len(points) - 1) / (most - 1)
    return [points[round(index * step)] for index in range(most)]


@get("/sessions/{session_id:int}/curve.json")
async def curve(request: AnyRequest, session_id: FromPath[int]) -> Response[bytes]:
    """The curve for the plot: seconds since 1970, kW, %, kWh since the start; null where nothing was measured."""
    visit = visit_of(request)
    found = await _found(visit, session_id)
    points = thinned(await visit.sv.store.meter_values(session_id), 4 * TABLE_ROWS)
    start = found.session.start_register_wh
    body = {
        "at": [point.at.timestamp() for point in points],
        "power_kw": [None if point.power_w is None else point.power_w / 1000 for point in points],
        "soc_percent": [point.soc_percent for point in points],
        "energy_kwh": [_since(start, point.register_wh) for point in points],
        "limit_kw": None if found.pile.max_power_w is None else found.pile.max_power_w / 1000,
    }
    return Response(msgspec.json.encode(body), media_type=MediaType.JSON)


def _since(start: int | None, register_wh: float | None) -> float | None:
    return None if start is None or register_wh is None else (register_wh - start) / 1000


@get("/sessions/{session_id:int}/curve.csv")
async def curve_csv(request: AnyRequest, session_id: FromPath[int]) -> Response[str]:
    """All that was measured, times in UTC."""
    visit = visit_of(request)
    await _found(visit, session_id)
    lines = [head(("at", "power_w", "register_wh", "soc_percent", "voltage_v", "current_a"))]
    lines += [
        row((utc(p.at), p.power_w, p.register_wh, p.soc_percent, p.voltage_v, p.current_a))
        for p in await visit.sv.store.meter_values(session_id)
    ]
    return Response(
        "".join(lines),
        media_type=CONTENT_TYPE,
        headers={"Content-Disposition": f'attachment; filename="session-{session_id}.csv"'},
    )


@post("/sessions/{session_id:int}/release", opt=OPERATOR)
async def release(request: AnyRequest, session_id: FromPath[int]) -> Response[str]:
    """Let a session be billed that was held back."""
    visit = visit_of(request)
    assert visit.operator is not None  # the entrance has seen to it
    if not await billing.release(visit.sv, session_id, visit.operator.username):
        raise ClientException(N_("There is nothing to release."))
    return see_other(link("/sessions", session_id))
