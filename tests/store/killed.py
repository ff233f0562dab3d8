"""The child of test_durability: writes without pause and says what was committed, until it is killed.

Each unit appends a meter message and counts it in its session; meanwhile messages are packed into blocks.
"""

import asyncio
import sys

from tests.store import samples
from tests.store.samples import after

from forecourt.store.store import Store
from forecourt.store.work import Unit

PILES = 8


async def pile(store: Store, number: int, message: int) -> None:
    """One pile: the next message is sent when the one before is durable."""
    record = await store.connect_pile(f"pile-{number}", "gw-1", "2.0.1", "", samples.NOW)
    assert record is not None
    while True:
        message += 1
        rows = (
            samples.entry(message, message, message, session_id=number, pile_id=f"pile-{number}"),
            samples.progress(number, message),
        )
        result = await store.do(Unit(rows, f"pile-{number}", record.generation))
        assert result.ok, result
        sys.stdout.write(f"{number} {message}\n")
        sys.stdout.flush()


async def pack(store: Store) -> None:
    while True:
        await store.compact(4)
        await asyncio.sleep(0.01)


async def main(url: str) -> None:
    store = await Store.open(url)
    async with asyncio.TaskGroup() as group:
        for number in range(1, PILES + 1):
            found = await store.session(number)
            if found is None:
                await store.write(samples.session(number, pile_id=f"pile-{number}", started_at=after(0)))
            group.create_task(pile(store, number, found.events if found else 0))
        group.create_task(pack(store))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
