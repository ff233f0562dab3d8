"""permessage-deflate (RFC 7692) without context takeover, as OCPP 2.0.1 Part 4 §3.3 requires it of a back-end.

aiohttp negotiates the extension, bounds what a message may decompress to, and would keep a window for each connection
for what we send. Here one compressor per window size serves all connections: a full flush makes the next message
independent of the last.
"""

import zlib

# Below this a message gets longer, or hardly shorter.
WORTH_COMPRESSING = 120
# Our messages are short; a larger window would cost memory and gain nothing.
_LARGEST_WINDOW = 12
_TRAILER = b"\x00\x00\xff\xff"


def response_header(window_bits: int) -> str:
    """Return the extension as agreed: neither side keeps a context (RFC 7692 §7.1.1 lets the server say so unasked)."""
    agreed = "permessage-deflate; server_no_context_takeover; client_no_context_takeover"
    return agreed if window_bits == 15 else f"{agreed}; server_max_window_bits={window_bits}"


class Deflater:
    """Compresses messages, each for itself. Not for use by several threads."""

    def __init__(self, window_bits: int) -> None:
        bits = min(window_bits, _LARGEST_WINDOW)
        self._compressor = zlib.compressobj(zlib.Z_BEST_SPEED, zlib.DEFLATED, -bits, memLevel=6)

    def compress(self, message: bytes) -> bytes:
        """Return the payload of one compressed message (RFC 7692 §7.2.1)."""
        data = self._compressor.compress(message) + self._compressor.flush(zlib.Z_FULL_FLUSH)
        return data.removesuffix(_TRAILER)


_DEFLATERS: dict[int, Deflater] = {}


def deflater(window_bits: int) -> Deflater:
    """Return the compressor that connections with this window share."""
    return _DEFLATERS.setdefault(window_bits, Deflater(window_bits))
