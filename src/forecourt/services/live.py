"""Messages over the bus that may be lost: live events for pages, and word to the gateways that master data has changed.

A page reloads on a gap (DESIGN §3 step 7); a gateway that missed a word has the old data until the pile reconnects, and
its caches are emptied whenever the bus does.
"""

from collections.abc import Iterable
from typing import Literal

import msgspec

from forecourt.domain.outcome import Changed
from forecourt.services.context import Services

SUBJECT = "live"
GATEWAYS = "gateways"


class MasterData(msgspec.Struct, frozen=True):
    """Says that a station, pile, tariff or token has changed."""

    kind: Literal["station", "pile", "tariff", "token"]
    id: str


_encode = msgspec.json.Encoder().encode
decode = msgspec.json.Decoder(Changed).decode
decode_master_data = msgspec.json.Decoder(MasterData).decode


def publish(sv: Services, events: Iterable[Changed]) -> None:
    """Tell whoever watches; costs next to nothing when nobody does."""
    for event in events:
        sv.bus.publish(f"{SUBJECT}.{event.topic}", _encode(event))


def tell_gateways(sv: Services, word: MasterData) -> None:
    """Tell every gateway that master data has changed, so that it loads the piles concerned anew."""
    sv.bus.publish(GATEWAYS, _encode(word))
