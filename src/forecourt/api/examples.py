"""Bodies to begin with, for the API's pages; a test holds each to its type."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

# Operation, name of the example, body.
EXAMPLES: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {
        "put_station": {
            "station": {
                "name": "Example Plaza",
                "name_zh": "示例广场",
                "address": "1 Example Road",
                "city": "Guangzhou",
                "city_zh": "广州",
                "lat": 23.1291,
                "lon": 113.2644,
                "time_zone": "Asia/Shanghai",
                "currency": "CNY",
                "grid_w": 2_000_000,
                "tariff_id": "standard",
            }
        },
        "put_pile": {
            "pile": {"station_id": "example-plaza", "ocpp_version": "2.0.1", "max_power_w": 600_000}
        },
        "choose_pile_password": {"password": {"password": "sixteen characters or more"}},
        "put_token": {
            "card": {"type": "ISO14443", "driver": "A. Driver"},
            "blocked": {"type": "ISO14443", "status": "blocked"},
        },
        "put_tariff": {
            "day and night": {
                "id": "standard",
                "name": "Day and night",
                "currency": "CNY",
                "elements": [
                    {
                        "name": "谷",
                        "restrictions": {"start_time": "00:00", "end_time": "08:00"},
                        "electricity_per_kwh": "0.35",
                        "service_per_kwh": "0.40",
                    },
                    {"name": "平", "electricity_per_kwh": "0.75", "service_per_kwh": "0.40"},
                    {"idle_per_minute": "0.50", "idle_grace_s": 900},
                ],
                "taxes": [{"name": "增值税", "percent": "13"}],
            }
        },
        "quote_tariff": {
            "an hour at 60 kW": {
                "station_id": "example-plaza",
                "energy_wh": 60_000,
                "power_w": 60_000,
                "start": "2026-01-15T22:00:00+08:00",
            }
        },
        "send_command": {
            "start": {"kind": "RemoteStart", "token_uid": "04A2B3C4D5E680", "evse_id": 1},
            "stop": {"kind": "RemoteStop", "session_id": 4711},
            "reset when idle": {"kind": "Reset"},
            "reset now": {"kind": "Reset", "when_idle": False},
            "unlock": {"kind": "UnlockConnector", "evse_id": 1},
            "out of service": {"kind": "ChangeAvailability", "operative": False, "evse_id": 2},
            "read settings": {"kind": "GetConfiguration", "keys": ["HeartbeatInterval"]},
            "write a setting": {"kind": "ChangeConfiguration", "key": "HeartbeatInterval", "value": "300"},
        },
        "call_ocpp": {
            "a diagnosis": {"action": "GetDiagnostics", "payload": {"location": "ftp://192.0.2.1/logs"}}
        },
        "create_api_token": {"read only": {"name": "dashboard in the lobby", "role": "viewer", "days": 365}},
        "put_operator": {"a new operator": {"role": "operator"}},
    }
)
