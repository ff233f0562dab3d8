"""Master data: stations, piles, tokens, tariffs; each put by id, so that the same put again changes nothing."""

import asyncio
import hashlib
import secrets
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from msgspec.structs import replace

from forecourt.domain.pile import Pile, Registration, is_pile_id
from forecourt.domain.records import PileCredential
from forecourt.domain.station import Station
from forecourt.domain.tariff import Tariff
from forecourt.domain.tariff_check import validate
from forecourt.domain.tariff_version import tariff_version
from forecourt.domain.token import Token, fold_uid
from forecourt.services import audit, live
from forecourt.services.context import Services


class InvalidError(ValueError):
    """Master data that can't be taken: says which field, what is wrong, and what to do."""


async def put_station(sv: Services, station: Station, actor: str) -> Station:
    """Create or replace a station. Raises InvalidError for a bad position, zone or unknown tariff."""
    _require(bool(station.id) and len(station.id) <= 48, "id: give the station an id of 1 to 48 characters")
    _require(
        -90 <= station.lat <= 90 and -180 <= station.lon <= 180, "lat, lon: not a WGS-84 position in degrees"
    )
    _require(_is_zone(station.time_zone), f"time_zone: {station.time_zone!r} is no IANA time zone")
    await _require_tariff(sv, station.tariff_id)
    await sv.store.write(station, audit.entry(sv, actor, "station.put", station.id))
    live.tell_gateways(sv, live.MasterData(kind="station", id=station.id))
    return station


async def put_pile(sv: Services, pile: Pile, actor: str) -> Pile:
    """Create a pile or change its master data; what its last boot reported is kept.

    Raises InvalidError for an id that can't be part of a URL's path, an unknown station or an unknown tariff.
    """
    _require(
        is_pile_id(pile.id),
        "id: 1 to 48 characters without slash, backslash, colon or control characters",
    )
    _require(
        await sv.store.station(pile.station_id) is not None,
        f"station_id: there is no station {pile.station_id!r}; add it first",
    )
    await _require_tariff(sv, pile.tariff_id)
    known = await sv.store.pile(pile.id)
    if known is None:
        pile = replace(pile, created_at=sv.clock.now())
    await sv.store.write(pile, audit.entry(sv, actor, "pile.put", pile.id))
    live.tell_gateways(sv, live.MasterData(kind="pile", id=pile.id))
    return await sv.store.pile(pile.id) or pile


async def new_password(sv: Services, pile_id: str, actor: str) -> str:
    """Make a pile's password (160 random bits), store its salted SHA-256, and return it: it is shown this once.

    Random passwords need no slow hash, and ten thousand piles that come back at once could not pay for one. 40 characters
    fit the 40 of OCPP 1.6's AuthorizationKey and the 16 to 40 of 2.0.1's BasicAuthPassword.
    """
    password = secrets.token_hex(20)
    await sv.store.write(credential(sv, pile_id, password), audit.entry(sv, actor, "pile.password", pile_id))
    return password


def credential(sv: Services, pile_id: str, password: str) -> PileCredential:
    """Return the row that proves a password made by us."""
    salt = secrets.token_bytes(16)
    digest = hashlib.sha256(salt + password.encode()).digest()
    return PileCredential(
        pile_id=pile_id, scheme="sha256", salt=salt, digest=digest, created_at=sv.clock.now()
    )


def _scrypt(sv: Services, pile_id: str, password: str) -> PileCredential:
    salt = secrets.token_bytes(16)
    digest = scrypt_digest(password, salt)
    return PileCredential(
        pile_id=pile_id, scheme="scrypt", salt=salt, digest=digest, created_at=sv.clock.now()
    )


def scrypt_digest(password: str, salt: bytes) -> bytes:
    """Return the slow hash of a password that a person chose (N=2^14, r=8, p=1: about 50 ms and 16 MiB)."""
    return hashlib.scrypt(password.encode(), salt=salt, n=2**14, r=8, p=1, dklen=32)


async def choose_password(sv: Services, pile_id: str, password: str, actor: str) -> None:
    """Store a password that a person chose, as scrypt. Raises InvalidError when it is shorter than 16 characters (A00.FR.205)."""
    _require(16 <= len(password) <= 40, "password: 16 to 40 characters (OCPP 2.0.1 A00.FR.205)")
    row = await asyncio.to_thread(_scrypt, sv, pile_id, password)
    await sv.store.write(row, audit.entry(sv, actor, "pile.password", pile_id))


async def admit(sv: Services, pile_id: str, admission: Registration, actor: str) -> Pile:
    """Say what a pile's next boot is answered with. Raises InvalidError for an unknown pile."""
    known = await sv.store.pile(pile_id)
    if known is None:
        raise InvalidError(f"there is no pile {pile_id!r}")
    return await put_pile(sv, replace(known, admission=admission), actor)


async def put_token(sv: Services, token: Token, actor: str) -> Token:
    """Create or replace a token. Raises InvalidError for an empty or over-long identifier."""
    uid = fold_uid(token.uid)
    _require(1 <= len(uid) <= 36, "uid: 1 to 36 characters (OCPP 2.0.1 IdTokenType; 1.6 takes 20)")
    token = replace(token, uid=uid, created_at=token.created_at or sv.clock.now())
    await sv.store.write(token, audit.entry(sv, actor, "token.put", uid))
    sv.tokens.forget(uid)
    live.tell_gateways(sv, live.MasterData(kind="token", id=uid))
    return token


async def put_tariff(sv: Services, tariff: Tariff, actor: str) -> Tariff:
    """Create or replace a tariff; sessions that have begun keep the version they began with. Raises TariffError."""
    validate(tariff)
    await sv.store.write(tariff_version(tariff), tariff, audit.entry(sv, actor, "tariff.put", tariff.id))
    live.tell_gateways(sv, live.MasterData(kind="tariff", id=tariff.id))
    return tariff


def _require(holds: bool, otherwise: str) -> None:
    if not holds:
        raise InvalidError(otherwise)


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


async def _require_tariff(sv: Services, tariff_id: str | None) -> None:
    if tariff_id is not None:
        known = await sv.store.tariff(tariff_id)
        _require(known is not None, f"tariff_id: there is no tariff {tariff_id!r}; set it first")
