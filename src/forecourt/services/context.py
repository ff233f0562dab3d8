"""What every service is handed: the store, the bus, the clock, the configuration, caches and id ranges."""

from dataclasses import dataclass

from forecourt.bus import Bus
from forecourt.clock import Clock
from forecourt.config import Config
from forecourt.domain.transactions import Rules
from forecourt.services.ids import IdRange
from forecourt.services.tokens import TokenCache
from forecourt.store.store import Store


@dataclass(frozen=True, slots=True)
class Services:
    """The surroundings of a use case; made once, in ``app.py``."""

    config: Config
    clock: Clock
    store: Store
    bus: Bus
    tokens: TokenCache
    session_ids: IdRange
    transaction_ids: IdRange
    rules: Rules
