"""Health, readiness and metrics: for machines, without a token, without a secret."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from prometheus_client import Counter
from prometheus_client.parser import text_string_to_metric_families
from tests.api.conftest import Api, Templates, services
from tests.support.nats import NatsServer

from forecourt.bus.nats import NatsBus
from forecourt.store.errors import StoreError


async def broken(*_: object) -> None:
    raise StoreError("can't read the database: gone")


async def test_alive(api: Api) -> None:
    answer = await api.client.get("/healthz")
    assert (answer.status_code, answer.json()) == (200, {"status": "alive"})


async def test_ready(api: Api) -> None:
    answer = await api.client.get("/readyz")
    assert (answer.status_code, answer.json()) == (
        200,
        {"ready": True, "checks": {"store": "ok", "commit": "ok", "bus": "ok", "listener": "ok"}},
    )


async def test_not_ready_while_nobody_listens(api: Api) -> None:
    api.checks["listener"] = lambda: "not listening"
    answer = await api.client.get("/readyz")
    assert (answer.status_code, answer.json()["checks"]["listener"]) == (503, "not listening")


async def test_not_ready_without_the_database(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(type(api.sv.store), "has_operators", broken)
    answer = await api.client.get("/readyz")
    assert (answer.status_code, answer.json()["checks"]["store"]) == (503, "can't read the database: gone")


async def test_not_ready_while_commits_fail(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(type(api.sv.store.commit), "failing", True)
    answer = await api.client.get("/readyz")
    assert answer.status_code == 503
    assert "failed" in answer.json()["checks"]["commit"]


@pytest.mark.nats
async def test_not_ready_without_the_bus(
    templates: Templates, tmp_path: Path, nats_server: NatsServer
) -> None:
    folder = Path(shutil.copytree(templates.empty, tmp_path / "data"))
    bus = await NatsBus.connect(nats_server.url)
    async with services(folder) as sv:
        api = Api(replace(sv, bus=bus), templates.secrets)
        async with api.client:
            assert (await api.client.get("/readyz")).json()["checks"]["bus"] == "ok"
            nats_server.stop()
            answer = await api.client.get("/readyz")
    assert (answer.status_code, answer.json()["checks"]["store"]) == (503, "ok")
    assert answer.json()["checks"]["bus"] != "ok"
    await bus.close()


async def metrics(api: Api) -> dict[tuple[str, str], float]:
    answer = await api.client.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    families = text_string_to_metric_families(answer.text)
    samples = [sample for family in families for sample in family.samples]
    return {(sample.name, "".join(sample.labels.values())): sample.value for sample in samples}


async def test_metrics_of_process_store_and_network(filled: Api) -> None:
    await filled.sv.store.write()
    Counter("forecourt_test_frames", "Frames", ["direction"], registry=filled.registry).labels("in").inc(3)
    found = await metrics(filled)
    assert found["forecourt_test_frames_total", "in"] == 3
    assert found["forecourt_commit_pending", ""] == 0
    assert found["forecourt_commit_failing", ""] == 0
    assert found["forecourt_commit_failures_total", ""] == 0
    assert found["forecourt_commit_seconds_count", ""] >= 1
    assert (
        found["forecourt_commit_batch_size_bucket", "+Inf"] == found["forecourt_commit_batch_size_count", ""]
    )
    assert found["forecourt_piles", ""] == 3
    assert found["forecourt_evses", "UNKNOWN"] == 1
    assert found["forecourt_sessions_open", ""] == 0
    assert found["forecourt_store_up", ""] == 1
    assert found["process_resident_memory_bytes", ""] > 0


async def test_metrics_without_the_database(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(type(api.sv.store), "overview", broken)
    found = await metrics(api)
    assert found["forecourt_store_up", ""] == 0
    assert ("forecourt_piles", "") not in found
