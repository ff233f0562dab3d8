"""Authorize: what a token is worth now."""

from collections.abc import Awaitable
from datetime import datetime

import structlog

from forecourt.domain.outcome import Outcome, PileState
from forecourt.domain.token import TokenRef, TokenStatus, token_status
from forecourt.services.context import Services
from forecourt.services.tokens import Missing
from forecourt.store.errors import StoreError

log = structlog.get_logger(__name__)


def authorize(
    sv: Services, state: PileState, token: TokenRef, now: datetime
) -> Outcome[TokenStatus] | Awaitable[Outcome[TokenStatus]]:
    """Return the status of a token: at once when the cache knows it."""
    status = cached_status(sv, token, now)
    return _asked(sv, state, token, now) if status is None else Outcome(state, status)


async def _asked(sv: Services, state: PileState, token: TokenRef, now: datetime) -> Outcome[TokenStatus]:
    return Outcome(state, await status_of(sv, token, now))


def cached_status(sv: Services, token: TokenRef, now: datetime) -> TokenStatus | None:
    """Return the status as the cache knows it; None when the database has to be asked."""
    known = sv.tokens.get(token.uid)
    return None if isinstance(known, Missing) else token_status(known, now)


async def status_of(sv: Services, token: TokenRef, now: datetime) -> TokenStatus:
    """Return the status from the database; when it can't be asked, what the configured policy says (DESIGN §4)."""
    try:
        known = await sv.store.token(token.uid)
    except StoreError as error:
        log.warning("token_lookup_failed", error=str(error), policy=sv.config.token_fallback)
        return TokenStatus.ACCEPTED if sv.config.token_fallback == "accept" else TokenStatus.UNKNOWN
    sv.tokens.put(token.uid, known)
    return token_status(known, now)
