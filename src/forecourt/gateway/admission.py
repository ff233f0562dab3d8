"""Which piles are let in: the credential, the operator's wish, and what happens to piles that nobody knows."""

from forecourt.domain.pile import Registration, is_pile_id
from forecourt.gateway.credentials import Verifier
from forecourt.gateway.failure_limit import FailureLimit
from forecourt.gateway.handshake import basic_credentials
from forecourt.services import provisioning
from forecourt.services.context import Services

# The scheme of a pile that was registered without a password, expressly.
NO_PASSWORD = "none"


class Admission:
    """Decides on identities. A refusal never says why, and an unknown id is refused like a wrong password."""

    def __init__(self, sv: Services) -> None:
        self._sv = sv
        self._verifier = Verifier()
        self.limit = FailureLimit(sv.config.failed_handshakes_per_minute)

    def close(self) -> None:
        """End the threads."""
        self._verifier.close()

    async def admits(self, pile_id: str, authorization: str | None, rate_key: str) -> bool:
        """Say whether it may come in. Raises StoreError, and BusyError, when that can't be found out now."""
        credential = await self._sv.store.credential(pile_id)
        if credential is None:
            return await self._without_credential(pile_id, rate_key)
        if credential.scheme == NO_PASSWORD:
            return True
        presented = basic_credentials(authorization)
        # Field problem 23: the identity is the one that the credential is for, not the one in the path.
        if presented is None or presented[0] != pile_id.encode():
            return False
        return await self._verifier.verify(credential, presented[1])

    async def _without_credential(self, pile_id: str, rate_key: str) -> bool:
        """Where unknown piles are let in, they wait as pending until an operator gives them a password."""
        if self._sv.config.unknown_piles != "pending" or not is_pile_id(pile_id):
            return False
        known = await self._sv.store.pile(pile_id)
        if known is None:
            # As dear as a failure: whoever makes up ids must not fill the database with them.
            self.limit.failed(rate_key, pile_id, self._sv.clock.monotonic())
            await provisioning.admit_unknown(self._sv, pile_id, "")
            return True
        return known.admission is Registration.PENDING
