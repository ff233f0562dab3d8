"""Giving a command: the question before it, and the form that gives it."""

from collections.abc import Sequence
from typing import Any
from uuid import uuid4

from litestar import Response, get, post
from litestar.exceptions import ClientException, NotFoundException
from litestar.params import FromPath

from forecourt.console.access import OPERATOR
from forecourt.console.command_forms import FORMS, MESSAGES, CommandForm, fits
from forecourt.console.pile import pile_and_station
from forecourt.console.render import html, link, see_other
from forecourt.console.visit import AnyRequest, Visit, visit_of
from forecourt.console.words import N_
from forecourt.domain.command import Request
from forecourt.domain.session import Session
from forecourt.domain.token import Token
from forecourt.services import remote_control
from forecourt.services.remote_control import RefusedError
from forecourt.store.reads.piles import PileDetail
from forecourt.store.reads.sessions import SessionFilter

TOKENS_OFFERED = 100


@get("/piles/{pile_id:str}/commands/{kind:str}", opt=OPERATOR)
async def ask(request: AnyRequest, pile_id: FromPath[str], kind: FromPath[str]) -> Response[str]:
    """What the command does and whom it touches, before it is given."""
    return await _question(request, pile_id, kind, dict(request.query_params))


@post("/piles/{pile_id:str}/commands/{kind:str}", opt=OPERATOR)
async def give(request: AnyRequest, pile_id: FromPath[str], kind: FromPath[str]) -> Response[Any]:
    """Give the command; the same form sent twice is one command."""
    visit = visit_of(request)
    detail, _ = await pile_and_station(visit, pile_id)
    sent = {name: str(value) for name, value in (await request.form()).items()}
    wanted = _request(_form(detail, kind), sent)
    if wanted is None:
        return await _question(request, pile_id, kind, sent, missing=True)
    assert visit.operator is not None  # the entrance has seen to it
    try:
        await remote_control.submit(visit.sv, pile_id, wanted, visit.operator.username, sent.get("key"))
    except RefusedError as refused:
        raise ClientException(str(refused)) from None
    return see_other(link("/piles", pile_id, "commands"))


def _form(detail: PileDetail, kind: str) -> CommandForm:
    """Return a command's form. Raises NotFoundException, or ClientException when the pile can't be sent it now."""
    if kind not in FORMS:
        raise NotFoundException(kind)
    if not fits(detail, kind):
        raise ClientException(N_("This command can't be sent to this pile now."))
    return FORMS[kind]


def _request(form: CommandForm, sent: dict[str, str]) -> Request | None:
    """Return the request that a form means; None when something is missing in it."""
    if form.asks and not sent.get(form.asks, "").strip():
        return None
    try:
        return form.request(sent)
    except (KeyError, ValueError):
        raise ClientException(N_("This form does not name what the command needs.")) from None


async def _question(
    request: AnyRequest, pile_id: str, kind: str, sent: dict[str, str], missing: bool = False
) -> Response[str]:
    visit = visit_of(request)
    detail, station = await pile_and_station(visit, pile_id)
    form = _form(detail, kind)
    running = await visit.sv.store.sessions(SessionFilter(pile_id=pile_id, state="open"))
    touched = _touched(form, sent, running.items)
    # In a page that is already there the question comes into its dialog, else it is a page of its own.
    template = "command/question.html" if "hx-request" in request.headers else "command/page.html"
    return html(
        visit,
        template,
        status=422 if missing else 200,
        section="/piles",
        pile=detail.pile,
        station=station,
        zone=station.time_zone,
        kind=kind,
        form=form,
        sent=sent,
        missing=missing,
        touched=touched,
        drivers=await _drivers(visit, touched),
        tokens=await _tokens(visit, form),
        messages=MESSAGES,
        key=sent.get("key") or uuid4().hex,
        offline=not detail.owner.online,
    )


def _touched(form: CommandForm, sent: dict[str, str], running: Sequence[Session]) -> list[Session]:
    """Return the sessions that the command may end or disturb."""
    if form.touches == "pile" or (form.touches == "evse" and not sent.get("evse")):
        return list(running)
    keys = {"session": lambda one: str(one.id), "evse": lambda one: str(one.evse_id)}
    key = keys.get(form.touches)
    return [one for one in running if key and key(one) == sent.get(form.touches)]


async def _drivers(visit: Visit, sessions: Sequence[Session]) -> dict[int, Token | None]:
    return {one.id: await visit.sv.store.token(one.token_uid) for one in sessions if one.token_uid}


async def _tokens(visit: Visit, form: CommandForm) -> tuple[Token, ...]:
    return (await visit.sv.store.tokens(limit=TOKENS_OFFERED)).items if form.asks == "token" else ()
