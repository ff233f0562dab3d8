"""Our commands in the words of each version, and the piles' answers in ours: one table per version."""

from collections.abc import Mapping
from types import MappingProxyType

from forecourt.gateway.commands import v16, v201
from forecourt.gateway.commands.call import Table
from forecourt.ocpp.version import Version

TABLES: Mapping[Version, Table] = MappingProxyType({Version.V16: v16.CALLS, Version.V201: v201.CALLS})
