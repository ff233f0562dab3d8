"""Frames over a raw socket: fragments, UTF-8, sizes, compression, peers that do not read or are not there."""

import asyncio
import json
import os
import zlib
from typing import Any

import pytest
from tests.gateway.conftest import House, Open, until
from tests.gateway.raw_pile import (
    BINARY,
    CLOSE,
    CONTINUATION,
    PING,
    PONG,
    TEXT,
    RawPile,
    deflated,
    frame,
    inflated,
)

from forecourt.domain.command import CommandState, RawCall
from forecourt.gateway import keeper, socket

HEARTBEAT = b'[2,"h1","Heartbeat",{}]'
DEFLATE = {"Sec-WebSocket-Extensions": "permessage-deflate"}


async def answered(pile: RawPile, message_id: str = "h1") -> bool:
    answer = await pile.answer(message_id)
    return bool(answer[0] == 3)


# --- fragments and control frames


async def test_fragments(house: House) -> None:
    pile = await house.connect()
    for place, byte in enumerate(HEARTBEAT):
        last = place == len(HEARTBEAT) - 1
        pile.send(CONTINUATION if place else TEXT, bytes((byte,)), fin=last)
        if place == 3:
            pile.send(PING, b"between")  # RFC 6455 §5.4: control frames may come between fragments
    assert await pile.receive() == (PONG, b"between")
    assert await answered(pile)


async def test_bytes_that_trickle(house: House) -> None:
    pile = await house.connect()
    for byte in frame(TEXT, HEARTBEAT):
        pile.writer.write(bytes((byte,)))
        await pile.writer.drain()
        await asyncio.sleep(0)
    assert await answered(pile)


async def test_many_frames_in_one_packet(house: House) -> None:
    pile = await house.connect()
    pile.writer.write(b"".join(frame(TEXT, b'[2,"h%d","Heartbeat",{}]' % n) for n in range(100)))
    assert [(await pile.message())[1] for _ in range(100)] == [f"h{n}" for n in range(100)]


@pytest.mark.parametrize(
    ("frames", "code"),
    [
        (frame(TEXT, b'[2,"h1","\xff",{}]'), 1007),
        (frame(TEXT, b"\xe2\x82", fin=False) + frame(CONTINUATION, b"\x28"), 1007),
        (frame(BINARY, HEARTBEAT), 1003),
        (frame(CONTINUATION, HEARTBEAT), 1002),
        (frame(TEXT, b"a", fin=False) + frame(TEXT, b"b"), 1002),
        (frame(3, b""), 1002),
        (frame(TEXT, HEARTBEAT, rsv1=True), 1002),  # compression was not agreed
        (frame(PING, b"x" * 126), 1002),
        (frame(PING, b"x", fin=False), 1002),
        (frame(CLOSE, b"\x03"), 1002),
        (frame(CLOSE, (1000).to_bytes(2, "big")), 1000),
    ],
)
async def test_bad_frames_close_with_their_code(house: House, frames: bytes, code: int) -> None:
    pile = await house.connect()
    pile.writer.write(frames)
    assert await pile.closed() == code
    await until(lambda: nobody(house))


async def nobody(house: House) -> bool:
    return house.gateway.connected == 0


# --- sizes


async def test_a_message_of_the_greatest_size(open_house: Open) -> None:
    house = await open_house(max_frame_bytes=2000)
    await house.add_pile()
    pile = await house.connect()
    head = '[2,"h1","Heartbeat",{}'
    pile.text(head + " " * (1999 - len(head)) + "]")
    assert await answered(pile)
    pile.text(head + " " * (2000 - len(head)) + "]")
    assert await pile.closed() == 1009


async def test_fragments_are_counted_together(open_house: Open) -> None:
    house = await open_house(max_frame_bytes=2000)
    await house.add_pile()
    pile = await house.connect()
    pile.send(TEXT, b"[" * 1500, fin=False)
    pile.send(CONTINUATION, b"[" * 1500)
    assert await pile.closed() == 1009


# --- compression


@pytest.mark.parametrize(
    ("offer", "agreed"),
    [
        ("permessage-deflate", "permessage-deflate; server_no_context_takeover; client_no_context_takeover"),
        (
            "permessage-deflate; client_max_window_bits",
            "permessage-deflate; server_no_context_takeover; client_no_context_takeover",
        ),
        (
            "permessage-deflate; server_max_window_bits=10; client_max_window_bits=12",
            "permessage-deflate; server_no_context_takeover; client_no_context_takeover; server_max_window_bits=10",
        ),
        ("x-webkit-deflate-frame", None),
        ("permessage-deflate; server_max_window_bits=8", None),  # zlib has no such window
    ],
)
async def test_compression_is_agreed_without_context_takeover(
    house: House, offer: str, agreed: str | None
) -> None:
    pile = await house.connect(headers={"Sec-WebSocket-Extensions": offer})
    assert pile.headers.get("sec-websocket-extensions") == agreed


async def test_compressed_messages_both_ways(house: House) -> None:
    pile = await house.connect(headers=DEFLATE)
    for number in range(3):  # each for itself: neither side keeps a window
        action = f"Unknown{number}" + "x" * 200
        text = json.dumps([2, f"m{number}", action, {"text": "y" * 1000}]).encode()
        pile.send(TEXT, deflated(text), rsv1=True)
        opcode, payload = await pile.receive()
        assert opcode == 0x40 | TEXT or len(payload) < 120
        message = json.loads(inflated(payload) if opcode & 0x40 else payload)
        assert message[:3] == [4, f"m{number}", "NotImplemented"]
    pile.text('[2,"plain","Heartbeat",{}]')  # RFC 7692 §6: a message may go uncompressed
    assert await answered(pile, "plain")


async def test_long_answers_are_compressed(house: House) -> None:
    pile = await house.booted()
    compressed = await house.connect(headers=DEFLATE)
    await pile.closed()
    long_id = "x" * 36
    compressed.send(
        TEXT, deflated(json.dumps([2, long_id, "BootNotification", {"a": 1}]).encode()), rsv1=True
    )
    opcode, payload = await compressed.receive()
    assert opcode == 0x40 | TEXT
    assert json.loads(inflated(payload))[1] == long_id


async def test_a_small_window_is_kept_to(house: House) -> None:
    pile = await house.connect(
        headers={"Sec-WebSocket-Extensions": "permessage-deflate; server_max_window_bits=9"}
    )
    random = os.urandom(200).hex()
    pile.send(TEXT, deflated(json.dumps([2, "m1", "A" + random * 3, {}]).encode()), rsv1=True)
    opcode, payload = await pile.receive()
    if opcode & 0x40:
        zlib.decompressobj(-9).decompress(payload + b"\x00\x00\xff\xff")


async def test_compression_can_be_switched_off_for_a_pile(open_house: Open) -> None:
    house = await open_house()
    await house.add_pile(compression=False)
    pile = await house.connect(headers=DEFLATE)
    assert pile.status == 101
    assert "sec-websocket-extensions" not in pile.headers


async def test_a_deflate_bomb(open_house: Open) -> None:
    house = await open_house(max_frame_bytes=10_000)
    await house.add_pile()
    pile = await house.connect(headers=DEFLATE)
    bomb = deflated(b"[" * 50_000_000)
    assert len(bomb) > 10_000  # it would be refused for its own size already
    pile.send(TEXT, deflated(b"[" * 5_000_000)[:9_000], rsv1=True)
    assert await pile.closed() == 1009


async def test_a_small_message_that_inflates_beyond_the_limit(open_house: Open) -> None:
    house = await open_house(max_frame_bytes=10_000)
    await house.add_pile()
    pile = await house.connect(headers=DEFLATE)
    pile.send(TEXT, deflated(b"[" * 10_002), rsv1=True)
    assert await pile.closed() == 1009


async def test_a_bomb_of_many_small_messages(house: House) -> None:
    """Each is within the limit; together they would be twenty megabytes in one turn of the loop."""
    pile = await house.connect(headers=DEFLATE)
    one = deflated(b'[2,"m","Nonsense",{"x":"' + b"a" * 1_000_000 + b'"}]')
    pile.writer.write(frame(TEXT, one, rsv1=True) * 20)
    assert await pile.closed() == 1009


async def test_many_messages_one_after_the_other_are_no_bomb(house: House) -> None:
    pile = await house.connect(headers=DEFLATE)
    for number in range(8):
        text = f'[2,"m{number}","Nonsense",{{"x":"{"a" * 1_000_000}"}}]'
        pile.send(TEXT, deflated(text.encode()), rsv1=True)
        assert (await pile.message())[:2] == [4, f"m{number}"]


# --- peers that do not read, or are not there


async def test_a_peer_that_does_not_read_loses_its_connection(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket, "MAX_UNSENT_BYTES", 20_000)
    pile = await house.booted()
    pile.reader._transport.pause_reading()  # type: ignore[attr-defined]
    more_than_any_kernel_buffers = {"vendorId": "V", "data": "x" * 20_000_000}
    await house.command(RawCall("DataTransfer", more_than_any_kernel_buffers))
    await until(lambda: sent(house))
    pile.ask("Heartbeat", {})
    await until(lambda: nobody(house))
    assert house.gateway.stats.disconnects["does not read"] == 1


async def sent(house: House) -> bool:
    page = await house.sv.store.commands("CP1")
    return page.items[0].state is CommandState.SENT


async def test_a_half_open_peer_is_found_by_pings(open_house: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeper, "TICK_S", 0.01)
    house = await open_house(ping_interval=0.05, ping_timeout=0.1)
    await house.add_pile()
    pile = await house.connect()
    assert await pile.receive() == (PING, b"")
    await until(lambda: nobody(house))  # no pong
    assert house.gateway.stats.disconnects["no pong"] == 1


async def test_a_peer_that_answers_pings_stays(open_house: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    """Quirk H10 (lbbrhzn/ocpp#2030): the server pings, so that an idle connection lives."""
    monkeypatch.setattr(keeper, "TICK_S", 0.01)
    house = await open_house(ping_interval=0.05, ping_timeout=0.1)
    await house.add_pile()
    pile = await house.connect()
    for _ in range(5):
        opcode, payload = await pile.receive()
        assert opcode == PING
        pile.send(PONG, payload)
    assert await pile.result("Heartbeat", {})


async def test_a_cut_connection_is_gone_at_once(house: House) -> None:
    pile = await house.booted()
    pile.cut()
    await until(lambda: nobody(house))

    async def offline() -> Any:
        detail = await house.sv.store.pile_detail("CP1")
        return detail is not None and not detail.owner.online

    await until(offline)
