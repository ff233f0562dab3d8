"""The connections of this gateway by pile: the newest wins at once (field problems 9 to 11)."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from forecourt.gateway.connection import Connection


class Registry:
    """At most one connection per pile."""

    def __init__(self) -> None:
        self._connections: dict[str, Connection] = {}

    def __len__(self) -> int:
        return len(self._connections)

    def __iter__(self) -> Iterator["Connection"]:
        return iter(tuple(self._connections.values()))

    def get(self, pile_id: str) -> "Connection | None":
        """Return the connection of a pile."""
        return self._connections.get(pile_id)

    def put(self, connection: "Connection") -> "Connection | None":
        """Make this the connection of its pile, and return the one that it replaces."""
        replaced = self._connections.get(connection.pile_id)
        self._connections[connection.pile_id] = connection
        return replaced

    def remove(self, connection: "Connection") -> bool:
        """Forget a connection. False if another one is there by now: a late close changes nothing."""
        if self._connections.get(connection.pile_id) is not connection:
            return False
        del self._connections[connection.pile_id]
        return True
