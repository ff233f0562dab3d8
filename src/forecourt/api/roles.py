"""Which role each operation needs; an operation that is not in the table is nobody's (a test holds both equal)."""

from collections.abc import Mapping
from types import MappingProxyType

from forecourt.domain.records import Role

_NEEDS: Mapping[Role, tuple[str, ...]] = {
    # Looking at the network. Token uids are masked.
    Role.VIEWER: (
        "get_overview",
        "list_stations",
        "get_station",
        "list_piles",
        "get_pile",
        "list_pile_log",
        "list_pile_variables",
        "list_evses",
        "list_sessions",
        "get_session",
        "list_meter_values",
        "list_cdrs",
        "get_cdr",
        "list_tariffs",
        "get_tariff",
        "quote_tariff",
        "list_commands",
        "get_command",
    ),
    # Running it.
    Role.OPERATOR: (
        "put_station",
        "put_pile",
        "send_command",
        "release_session",
        "list_tokens",
        "get_token",
        "put_token",
        "put_tariff",
    ),
    # Secrets, people, and what goes around every check.
    Role.ADMIN: (
        "make_pile_password",
        "choose_pile_password",
        "call_ocpp",
        "list_audit",
        "list_api_tokens",
        "create_api_token",
        "revoke_api_token",
        "list_operators",
        "put_operator",
    ),
}

ROLES: Mapping[str, Role] = MappingProxyType({name: role for role, names in _NEEDS.items() for name in names})
