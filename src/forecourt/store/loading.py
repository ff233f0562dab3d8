"""Loading the state of piles that connect (DESIGN §3 step 5): the queries of both engines, and what is made of the rows.

Every query gives the pile's id first. On SQLite it runs once for each pile, on PostgreSQL once for all of them.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from operator import attrgetter
from typing import Any

import msgspec

from forecourt.domain.command import Command
from forecourt.domain.outcome import PileState
from forecourt.domain.pile import Evse, Pile
from forecourt.domain.session import RecentSession, Session
from forecourt.domain.session_fold import restored
from forecourt.domain.station import Station
from forecourt.domain.tariff import Tariff
from forecourt.domain.tariff_version import version_of
from forecourt.store.codec import decode_time, encode_time
from forecourt.store.meter_read import joined
from forecourt.store.records import PileRecord
from forecourt.store.rows import Shape
from forecourt.store.statements import LOST, SENT
from forecourt.store.work import Connect
from forecourt.store.writes import shape_of

RECENT = 16
# A late answer or a matching start can resolve a command for a day; the domain keeps 16 of them.
RESOLVABLE_US = 86_400_000_000
COMMANDS = 16

Rows = Mapping[str, Sequence[Sequence[Any]]]

_decode_tariff = msgspec.json.Decoder(Tariff).decode
_evse_id, _created_at, _id = attrgetter("evse_id"), attrgetter("created_at"), attrgetter("id")
_recent = Shape(RecentSession).decode


def columns(kind: type[msgspec.Struct], table: str) -> str:
    """The columns of a struct, in the order in which its shape decodes them."""
    return ", ".join(f"{table}.{name}" for name in shape_of(kind).fields)


_RECENT_COLUMNS = (
    "s.id, s.transaction_id, coalesce(s.started_pile_at, s.started_at),"
    " s.start_key, s.start_message_id, s.start_content"
)
_RECENT_ORDER = f"ORDER BY s.started_at DESC, s.id DESC LIMIT {RECENT + 1}"

# SQLite has to be told that few sessions are not closed, and few commands not resolved.
_UNCLOSED = " INDEXED BY ix_session_unclosed_pile"
_UNRESOLVED = " INDEXED BY ix_command_unresolved"
# `{these}` stands for the condition that names the piles.
_QUERIES: dict[str, str] = {
    "pile": f"SELECT p.id, {columns(Pile, 'p')} FROM pile p WHERE p.id {{these}}",
    "station": f"SELECT p.id, {columns(Station, 's')} FROM pile p JOIN station s ON s.id = p.station_id"
    " WHERE p.id {these}",
    "tariff": "SELECT p.id, t.body FROM pile p JOIN station s ON s.id = p.station_id"
    " JOIN tariff t ON t.id = coalesce(p.tariff_id, s.tariff_id) WHERE p.id {these}",
    "evse": f"SELECT e.pile_id, {columns(Evse, 'e')} FROM evse e WHERE e.pile_id {{these}}",
    "session": f"SELECT s.pile_id, {columns(Session, 's')} FROM session s{{unclosed}}"
    " WHERE s.pile_id {these} AND s.state <> 'closed'",
    "tail": "SELECT s.pile_id, s.id, t.entry FROM session s{unclosed} JOIN meter_tail t ON t.session_id = s.id"
    " WHERE s.pile_id {these} AND s.state <> 'closed'",
    "block": "SELECT s.pile_id, s.id, b.body FROM session s{unclosed} JOIN meter_block b ON b.session_id = s.id"
    " WHERE s.pile_id {these} AND s.state <> 'closed'",
    "owner": "SELECT o.pile_id, o.connected_at FROM pile_owner o WHERE o.pile_id {these}",
    # Not the queued ones: they are offered by the sweep.
    "command": f"SELECT c.pile_id, {columns(Command, 'c')} FROM command c{{unresolved}} WHERE c.pile_id {{these}}"
    " AND c.state IN ('sent', 'timed_out', 'unknown') AND c.created_at >="
    f" (SELECT o.connected_at - {RESOLVABLE_US} FROM pile_owner o WHERE o.pile_id = c.pile_id)",
}
SQLITE: dict[str, str] = {
    **{
        name: text.format(these="= ?1", unclosed=_UNCLOSED, unresolved=_UNRESOLVED)
        for name, text in _QUERIES.items()
    },
    "recent": f"SELECT s.pile_id, {_RECENT_COLUMNS} FROM session s"
    f" WHERE s.pile_id = ?1 AND s.state = 'closed' {_RECENT_ORDER}",
}
POSTGRES: dict[str, str] = {
    **{
        name: text.format(these="= ANY($1::text[])", unclosed="", unresolved="")
        for name, text in _QUERIES.items()
    },
    "recent": "SELECT p.pile_id, s.* FROM unnest($1::text[]) AS p(pile_id) CROSS JOIN LATERAL"
    f" (SELECT {_RECENT_COLUMNS} FROM session s WHERE s.pile_id = p.pile_id AND s.state = 'closed' {_RECENT_ORDER}) s",
}
_RAISE = (
    "ON CONFLICT (pile_id) DO UPDATE SET generation = pile_owner.generation + 1, gateway_id = excluded.gateway_id,"
    " online = excluded.online, connected_at = excluded.connected_at, disconnected_at = NULL,"
    " version = excluded.version, address = excluded.address RETURNING pile_id, generation"
)
_OWNER = "INSERT INTO pile_owner (pile_id, generation, gateway_id, online, connected_at, version, address)"
SQLITE_RAISE = f"{_OWNER} SELECT id, 1, ?2, 1, ?5, ?3, ?4 FROM pile WHERE id = ?1 {_RAISE}"
POSTGRES_RAISE = (
    f"{_OWNER} SELECT p.id, 1, r.gateway_id, true, r.at, r.version, r.address FROM"
    " unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bigint[])"
    f" AS r(pile_id, gateway_id, version, address, at) JOIN pile p ON p.id = r.pile_id ORDER BY p.id {_RAISE}"
)
SQLITE_LOST = f"UPDATE command{_UNRESOLVED} SET {LOST} WHERE pile_id = ?1 AND {SENT}"
POSTGRES_LOST = f"UPDATE command SET {LOST} WHERE pile_id = ANY($1::text[]) AND {SENT}"


def values_of(call: Connect) -> tuple[str, str, str, str, int]:
    """The parameters with which a generation is raised."""
    return call.pile_id, call.gateway_id, call.version, call.address, encode_time(call.at)


def assemble(generation: int, rows: Rows) -> PileRecord:
    """The record of one pile from the rows of its queries, without the pile's id in front."""
    tariff, version = _tariff(rows["tariff"][0][0]) if rows["tariff"] else (None, "")
    evses: list[Evse] = [shape_of(Evse).decode(row) for row in rows["evse"]]
    sessions = _sessions(rows)
    recent = tuple(_recent(row) for row in rows["recent"])
    state = PileState(
        pile=shape_of(Pile).decode(rows["pile"][0]),
        station=shape_of(Station).decode(rows["station"][0]),
        tariff=tariff,
        tariff_version=version,
        evses={evse.evse_id: evse for evse in sorted(evses, key=_evse_id)},
        sessions=sessions,
        recent=recent[:RECENT],
        recent_complete=len(recent) <= RECENT,
        commands=_commands(rows),
        # A better estimate comes with the next message; this one keeps sessions of a pile without a clock together.
        clock_offset_s=sessions[-1].clock_offset_s if sessions else 0.0,
        connected_at=decode_time(rows["owner"][0][0]),
    )
    return PileRecord(generation, state)


@lru_cache(maxsize=64)
def _tariff(body: str) -> tuple[Tariff, str]:
    tariff = _decode_tariff(body)
    return tariff, version_of(tariff)


def _commands(rows: Rows) -> tuple[Command, ...]:
    commands: list[Command] = [shape_of(Command).decode(row) for row in rows["command"]]
    return tuple(sorted(commands, key=_created_at)[-COMMANDS:])


def _sessions(rows: Rows) -> tuple[Session, ...]:
    sessions = (
        whole(
            shape_of(Session).decode(row),
            [entry for session_id, entry in rows["tail"] if session_id == row[0]],
            [body for session_id, body in rows["block"] if session_id == row[0]],
        )
        for row in rows["session"]
    )
    return tuple(sorted(sessions, key=_id))


def whole(session: Session, entries: Sequence[bytes], blocks: Sequence[bytes]) -> Session:
    """The session with what only its stored messages say: readings, marks and keys (`session_fold.restored`)."""
    return restored(session, joined(entries, blocks))
