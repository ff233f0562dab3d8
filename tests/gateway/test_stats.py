"""The gateway's counters, as Prometheus reads them."""

from prometheus_client import CollectorRegistry, generate_latest
from tests.gateway.conftest import House


async def test_what_is_counted(house: House) -> None:
    pile = await house.booted()
    for _ in range(2):
        await pile.result("Heartbeat", {})
    await pile.call("Nonsense", {})
    await pile.result("Authorize", {"idTag": 7})  # mended
    await house.connect("/ocpp/NOBODY")
    registry = CollectorRegistry()
    registry.register(house.gateway.stats)
    text = generate_latest(registry).decode()
    for line in (
        "forecourt_piles_connected 1.0",
        "forecourt_frames_in_total 5.0",
        "forecourt_frames_out_total 5.0",
        'forecourt_calls_total{action="Heartbeat"} 2.0',
        'forecourt_call_errors_total{code="NotImplemented"} 1.0',
        'forecourt_handshakes_total{end="connected"} 1.0',
        'forecourt_handshakes_total{end="401"} 1.0',
        'forecourt_ack_seconds_bucket{le="+Inf"} 4.0',
        "forecourt_ack_seconds_count 4.0",
    ):
        assert line in text.splitlines(), text
    assert 'forecourt_repairs_total{repair="text written as a number"} 1.0' in text
