"""Transaction messages that belong to no session: acknowledged all the same, and kept."""

from forecourt.domain.meter import POWER, REGISTER, value_of
from forecourt.domain.outcome import Outcome, PileState
from forecourt.domain.session import EvseReading, MeterEntry, RejectedMessage
from forecourt.domain.session_fold import whole
from forecourt.domain.session_rows import entry
from forecourt.domain.transaction_case import Case
from forecourt.domain.transaction_event import Kind, TransactionReply


def outside(state: PileState, case: Case) -> Outcome[TransactionReply]:
    """Keep meter values outside of any session, and the newest reading of the EVSE."""
    return Outcome(state, TransactionReply(), _metered(state, case))


def unknown(state: PileState, case: Case) -> Outcome[TransactionReply]:
    """Keep a message for a transaction that we never opened, 0 or -1 (field problem 4); its readings too (quirk M12)."""
    event = case.event
    rejected = RejectedMessage(
        pile_id=state.pile.id,
        key=event.key,
        received_at=case.now,
        action=event.action,
        message_id=event.message_id,
        reason="unknown_transaction",
        payload=event.raw.decode("utf-8", "replace"),
    )
    metered = _metered(state, case) if event.kind is Kind.UPDATED else ()
    return Outcome(state, TransactionReply(token_status=case.facts.token_status), (rejected, *metered))


def _metered(state: PileState, case: Case) -> tuple[MeterEntry, EvseReading]:
    event = case.event
    row = entry(0, state.pile.id, event, case.now)
    reading = EvseReading(
        pile_id=state.pile.id,
        evse_id=event.evse_id or 0,
        at=event.at,
        power_w=whole(value_of(event.values, POWER)),
        register_wh=whole(value_of(event.values, REGISTER)),
        data=row.data,
    )
    return row, reading
