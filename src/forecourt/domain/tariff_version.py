"""Versions of a tariff: what a session began with is what it is billed with, whatever the tariff says by then."""

import hashlib

import msgspec

from forecourt.domain.tariff import Tariff

_encode = msgspec.json.Encoder().encode


class TariffVersion(msgspec.Struct, frozen=True):
    """One content of a tariff, kept for ever. ``version`` is made of the content: the same content is one version."""

    version: str
    tariff: Tariff


def version_of(tariff: Tariff) -> str:
    """Return the name of a tariff's content."""
    return f"{tariff.id}@{hashlib.sha256(_encode(tariff)).hexdigest()[:12]}"


def tariff_version(tariff: Tariff) -> TariffVersion:
    """Return the row that keeps this content."""
    return TariffVersion(version_of(tariff), tariff)
