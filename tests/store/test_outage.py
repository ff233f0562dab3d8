"""Each reason why the database can't be written is said once, and that it can again."""

from collections.abc import Sequence

from structlog.testing import capture_logs

from forecourt.store.commit import Finished
from forecourt.store.errors import EngineError
from forecourt.store.outage import Spoken
from forecourt.store.work import Batch, Result

NOTHING = Batch((), (), ())


def test_a_reason_is_said_once_and_its_end_too() -> None:
    outcomes: list[Sequence[Result] | EngineError] = [
        [],
        EngineError("disk full"),
        EngineError("disk full"),
        EngineError("disk gone"),
        [],
        [],
        EngineError("disk full"),
    ]
    passed_on: list[Sequence[Result] | EngineError] = []

    def execute(batch: Batch, finished: Finished) -> None:
        finished(outcomes[len(passed_on)])

    with capture_logs() as logs:
        spoken = Spoken(execute, "the database d")
        for _ in outcomes:
            spoken(NOTHING, passed_on.append)

    assert passed_on == outcomes
    assert [(entry["log_level"], entry.get("error")) for entry in logs] == [
        ("error", "disk full"),
        ("error", "disk gone"),
        ("warning", None),
        ("error", "disk full"),
    ]
    assert {entry["database"] for entry in logs} == {"the database d"}
