"""A pile made of a TCP socket: every byte of the handshake and of every frame is the test's own."""

import asyncio
import base64
import json
import os
import ssl
import zlib
from collections.abc import Mapping, Sequence
from typing import Any, Self

TEXT, BINARY, CLOSE, PING, PONG, CONTINUATION = 1, 2, 8, 9, 10, 0
DEADLINE_S = 5.0

Headers = Mapping[str, str] | Sequence[tuple[str, str]]
HANDSHAKE = {
    "Host": "localhost",
    "Upgrade": "websocket",
    "Connection": "Upgrade",
    "Sec-WebSocket-Version": "13",
}


def basic(user: str, password: str | bytes) -> str:
    """The value of an Authorization header."""
    secret = password if isinstance(password, bytes) else password.encode()
    return "Basic " + base64.b64encode(user.encode() + b":" + secret).decode()


def frame(opcode: int, payload: bytes, *, fin: bool = True, rsv1: bool = False, masked: bool = True) -> bytes:
    """One WebSocket frame as a client sends it (RFC 6455 §5.2)."""
    first = (0x80 if fin else 0) | (0x40 if rsv1 else 0) | opcode
    bit, length = (0x80 if masked else 0), len(payload)
    if length < 126:
        head = bytes((first, bit | length))
    elif length < 65536:
        head = bytes((first, bit | 126)) + length.to_bytes(2, "big")
    else:
        head = bytes((first, bit | 127)) + length.to_bytes(8, "big")
    if not masked:
        return head + payload
    mask = os.urandom(4)
    return head + mask + bytes(byte ^ mask[place % 4] for place, byte in enumerate(payload))


def deflated(payload: bytes) -> bytes:
    """A message compressed for itself (RFC 7692 §7.2.1)."""
    compressor = zlib.compressobj(9, zlib.DEFLATED, -15)
    return (compressor.compress(payload) + compressor.flush(zlib.Z_SYNC_FLUSH)).removesuffix(
        b"\x00\x00\xff\xff"
    )


def inflated(payload: bytes) -> bytes:
    """The message of a compressed payload, with a window that knows nothing of former messages."""
    return zlib.decompressobj(-15).decompress(payload + b"\x00\x00\xff\xff")


class RawPile:
    """A connection after its handshake, whatever that was answered with: see `status` and `headers`."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self.status = 0
        self.headers: dict[str, str] = {}
        self.body = b""
        self.calls: list[Any] = []
        self._sent = 0

    @classmethod
    async def connect(
        cls,
        port: int,
        path: str,
        headers: Headers = (),
        *,
        without: Sequence[str] = (),
        protocol: str | None = "ocpp1.6",
        tls: ssl.SSLContext | None = None,
    ) -> Self:
        """Open a connection and read the answer to its handshake."""
        pile = cls(*await asyncio.open_connection("127.0.0.1", port, ssl=tls))
        lines = dict(HANDSHAKE) | {"Sec-WebSocket-Key": base64.b64encode(os.urandom(16)).decode()}
        if protocol is not None:
            lines["Sec-WebSocket-Protocol"] = protocol
        pairs = [pair for pair in lines.items() if pair[0] not in without] + list(dict(headers).items())
        request = f"GET {path} HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in pairs)
        pile.writer.write(request.encode() + b"\r\n")
        try:
            await asyncio.wait_for(pile._read_head(), DEADLINE_S)
        except BaseException:
            pile.writer.transport.abort()
            raise
        return pile

    async def _read_head(self) -> None:
        head = (await self.reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        self.status = int(head[0].split()[1])
        self.headers = {
            name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:] if line)
        }
        if self.status != 101:
            self.body = await self.reader.readexactly(int(self.headers.get("content-length", "0")))

    # --- frames

    def send(self, opcode: int, payload: bytes = b"", **options: Any) -> None:
        """Write one frame."""
        self.writer.write(frame(opcode, payload, **options))

    def text(self, text: str) -> None:
        """Write one text message."""
        self.send(TEXT, text.encode())

    async def receive(self) -> tuple[int, bytes]:
        """Read one frame: opcode with RSV1 as 0x40, and payload."""
        return await asyncio.wait_for(self._receive(), DEADLINE_S)

    async def _receive(self) -> tuple[int, bytes]:
        first, second = await self.reader.readexactly(2)
        length = second & 0x7F
        if length >= 126:
            length = int.from_bytes(await self.reader.readexactly(2 if length == 126 else 8), "big")
        return first & 0x4F, await self.reader.readexactly(length)

    async def message(self) -> Any:
        """Read one OCPP-J message; pings are answered on the way."""
        while True:
            opcode, payload = await self.receive()
            if opcode == PING:
                self.send(PONG, payload)
                continue
            assert opcode & 0xF == TEXT, (opcode, payload)
            return json.loads(inflated(payload) if opcode & 0x40 else payload)

    async def closed(self) -> int:
        """Read until the server closes; return its close code, 1006 for a connection that is just gone."""
        try:
            while True:
                opcode, payload = await self.receive()
                if opcode == CLOSE:
                    self.writer.close()
                    return int.from_bytes(payload[:2], "big")
        except (asyncio.IncompleteReadError, ConnectionError):
            return 1006

    async def nothing(self, seconds: float = 0.1) -> bool:
        """Say whether nothing comes for so long."""
        try:
            await asyncio.wait_for(self.reader.readexactly(1), seconds)
        except TimeoutError:
            return True
        return False

    # --- OCPP-J

    def ask(self, action: str, payload: object, message_id: str | None = None) -> str:
        """Write a CALL and return its message id."""
        self._sent += 1
        message_id = message_id or f"m{self._sent}"
        self.text(json.dumps([2, message_id, action, payload]))
        return message_id

    async def answer(self, message_id: str) -> Any:
        """Read until this CALL is answered; the server's own calls go to `calls`."""
        while True:
            message = await self.message()
            if message[0] == 2:
                self.calls.append(message)
            else:
                assert message[1] == message_id, message
                return message

    async def call(self, action: str, payload: object, message_id: str | None = None) -> Any:
        """Call, and return the whole answer."""
        return await self.answer(self.ask(action, payload, message_id))

    async def result(self, action: str, payload: object) -> Any:
        """Call, and return the payload of the CALLRESULT."""
        answer = await self.call(action, payload)
        assert answer[0] == 3, answer
        return answer[2]

    async def next_call(self) -> Any:
        """Return the next CALL of the server."""
        if self.calls:
            return self.calls.pop(0)
        message = await self.message()
        assert message[0] == 2, message
        return message

    def reply(self, call: Any, payload: object) -> None:
        """Answer a CALL of the server."""
        self.text(json.dumps([3, call[1], payload]))

    def cut(self) -> None:
        """Lose the connection without a word."""
        self.writer.transport.abort()
