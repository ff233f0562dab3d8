"""Whether a pile is who it says: HTTP Basic against what the store keeps (OCPP security profiles 1 and 2)."""

import asyncio
import hashlib
import hmac
from concurrent.futures import ThreadPoolExecutor

from forecourt.domain.records import PileCredential
from forecourt.services.network import scrypt_digest

# Slow hashes at once, and how many may wait for them: a flood of wrong guesses can't take more.
SCRYPT_THREADS = 2
SCRYPT_WAITING = 64
# OCPP-J 1.6 §6.2: the password may be the 20 bytes of which AuthorizationKey is the hexadecimal text.
_KEY_BYTES = 20


class BusyError(Exception):
    """Too many slow hashes wait."""


class Verifier:
    """Compares passwords in constant time; the slow ones in a bounded pool."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(SCRYPT_THREADS, thread_name_prefix="forecourt-scrypt")
        self._waiting = 0

    def close(self) -> None:
        """End the pool."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    async def verify(self, credential: PileCredential, password: bytes) -> bool:
        """Say whether the password is the pile's. Raises BusyError when it can't be found out now."""
        if credential.scheme == "scrypt":
            return await self._verify_scrypt(credential, password)
        return credential.scheme == "sha256" and _verify_sha256(credential, password)

    async def _verify_scrypt(self, credential: PileCredential, password: bytes) -> bool:
        if self._waiting >= SCRYPT_WAITING:
            raise BusyError
        self._waiting += 1
        try:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._pool, _verify_scrypt, credential, password)
        finally:
            self._waiting -= 1


def _verify_sha256(credential: PileCredential, password: bytes) -> bool:
    forms = (password, password.hex().encode()) if len(password) == _KEY_BYTES else (password,)
    equal = [
        hmac.compare_digest(hashlib.sha256(credential.salt + form).digest(), credential.digest)
        for form in forms
    ]
    return any(equal)


def _verify_scrypt(credential: PileCredential, password: bytes) -> bool:
    digest = scrypt_digest(password.decode("utf-8", "replace"), credential.salt)
    return hmac.compare_digest(digest, credential.digest)
