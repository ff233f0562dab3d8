"""Lists to read: tariffs, tokens, and who did what."""

from litestar import Response, get
from litestar.params import FromQuery

from forecourt.console.directory import network_zone, station_cards, stations_by_id
from forecourt.console.render import link, page
from forecourt.console.visit import AnyRequest, visit_of
from forecourt.domain.records import Role
from forecourt.domain.token import Token, token_status

ROWS = 100


@get("/tariffs")
async def tariffs(request: AnyRequest) -> Response[str]:
    """All tariffs, with all their prices, and where they hold."""
    visit = visit_of(request)
    cards = await station_cards(visit)
    used = {card.station.tariff_id: 0 for card in cards}
    for card in cards:
        used[card.station.tariff_id] += 1
    return page(
        visit, "tariffs", "", (), section="/tariffs", tariffs=await visit.sv.store.tariffs(), used=used
    )


@get("/tokens")
async def tokens(request: AnyRequest, q: FromQuery[str] = "", cursor: FromQuery[str] = "") -> Response[str]:
    """All tokens by their identifier; ``q`` is a whole one."""
    visit = visit_of(request)
    store = visit.sv.store
    if q.strip():
        one = await store.token(q)
        items: tuple[Token, ...] = (one,) if one else ()
        following = None
    else:
        found = await store.tokens(cursor or None, ROWS)
        items, following = found.items, found.next_cursor
    return page(
        visit,
        "tokens",
        "",
        (),
        section="/tokens",
        tokens=[(token, token_status(token, visit.now)) for token in items],
        zone=network_zone(await stations_by_id(visit)),
        q=q,
        earlier=link("/tokens", cursor=following) if following else "",
        back=link("/tokens") if cursor else "",
    )


@get("/audit", opt={"role": Role.OPERATOR})
async def audit(
    request: AnyRequest, subject: FromQuery[str] = "", cursor: FromQuery[str] = ""
) -> Response[str]:
    """Who did what, the newest first."""
    visit = visit_of(request)
    found = await visit.sv.store.audit_page(subject or None, cursor or None, ROWS)
    return page(
        visit,
        "audit",
        "",
        (),
        section="/audit",
        entries=found.items,
        subject=subject,
        zone=network_zone(await stations_by_id(visit)),
        earlier=link("/audit", subject=subject, cursor=found.next_cursor) if found.next_cursor else "",
        back=link("/audit", subject=subject) if cursor else "",
    )
