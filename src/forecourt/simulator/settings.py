"""What can be configured at a virtual pile: one table, with the names of both versions.

OCPP 1.6 §9 (configuration keys), OCPP 2.0.1 Part 2, Referenced Components and Variables.
"""

from typing import Literal

import msgspec

Access = Literal["ReadOnly", "ReadWrite", "WriteOnly"]
DataType = Literal["string", "integer", "boolean", "MemberList"]


class Setting(msgspec.Struct, frozen=True, kw_only=True):
    """`key`: its name in 1.6; `component` and `variable`: in 2.0.1. Either may be empty: not in that version."""

    key: str = ""
    component: str = ""
    variable: str = ""
    instance: str = ""
    value: str = ""
    access: Access = "ReadWrite"
    data_type: DataType = "integer"


HEARTBEAT = Setting(
    key="HeartbeatInterval", component="OCPPCommCtrlr", variable="HeartbeatInterval", value="300"
)
SAMPLE = Setting(
    key="MeterValueSampleInterval", component="SampledDataCtrlr", variable="TxUpdatedInterval", value="30"
)
ATTEMPTS = Setting(
    key="TransactionMessageAttempts",
    component="OCPPCommCtrlr",
    variable="MessageAttempts",
    instance="TransactionEvent",
    value="5",
)
RETRY = Setting(
    key="TransactionMessageRetryInterval",
    component="OCPPCommCtrlr",
    variable="MessageAttemptInterval",
    instance="TransactionEvent",
    value="10",
)
PASSWORD = Setting(
    key="AuthorizationKey",
    component="SecurityCtrlr",
    variable="BasicAuthPassword",
    access="WriteOnly",
    data_type="string",
)

_MEASURANDS = "Energy.Active.Import.Register,Power.Active.Import,SoC,Voltage,Current.Import"
_PROFILES = "Core,RemoteTrigger,SmartCharging"

TABLE = (
    HEARTBEAT,
    SAMPLE,
    ATTEMPTS,
    RETRY,
    PASSWORD,
    Setting(key="ConnectionTimeOut", component="TxCtrlr", variable="EVConnectionTimeOut", value="60"),
    Setting(
        key="StopTransactionOnInvalidId",
        component="TxCtrlr",
        variable="StopTxOnInvalidId",
        value="true",
        access="ReadOnly",
        data_type="boolean",
    ),
    Setting(
        key="AuthorizeRemoteTxRequests",
        component="AuthCtrlr",
        variable="AuthorizeRemoteStart",
        value="false",
        access="ReadOnly",
        data_type="boolean",
    ),
    Setting(
        key="LocalAuthorizeOffline",
        component="AuthCtrlr",
        variable="OfflineTxForUnknownIdEnabled",
        value="true",
        access="ReadOnly",
        data_type="boolean",
    ),
    Setting(
        key="MeterValuesSampledData",
        component="SampledDataCtrlr",
        variable="TxUpdatedMeasurands",
        value=_MEASURANDS,
        access="ReadOnly",
        data_type="MemberList",
    ),
    Setting(key="SupportedFeatureProfiles", value=_PROFILES, access="ReadOnly", data_type="MemberList"),
    Setting(key="GetConfigurationMaxKeys", value="50", access="ReadOnly"),
    Setting(
        component="TxCtrlr",
        variable="TxStartPoint",
        value="EVConnected",
        access="ReadOnly",
        data_type="MemberList",
    ),
    Setting(
        component="TxCtrlr",
        variable="TxStopPoint",
        value="Authorized,EVConnected",
        access="ReadOnly",
        data_type="MemberList",
    ),
    Setting(component="DeviceDataCtrlr", variable="ItemsPerMessage", value="50", access="ReadOnly"),
)


class Refusal(msgspec.Struct, frozen=True):
    """Why a setting was not changed: `unknown`, `read-only` or `invalid`."""

    reason: Literal["unknown", "read-only", "invalid"]


class Settings:
    """The values of one pile; those that differ from the table only."""

    def __init__(self, fixed: tuple[Setting, ...] = ()) -> None:
        self.table = TABLE + fixed
        self._changed: dict[Setting, str] = {}

    def value(self, setting: Setting) -> str:
        return self._changed.get(setting, setting.value)

    def seconds(self, setting: Setting) -> int:
        return int(self.value(setting))

    def change(self, setting: Setting | None, value: str) -> Refusal | None:
        """Set it, or say why not."""
        if setting is None:
            return Refusal("unknown")
        if setting.access == "ReadOnly":
            return Refusal("read-only")
        if not _fits(setting, value):
            return Refusal("invalid")
        self._changed[setting] = value
        return None

    def by_key(self, key: str) -> Setting | None:
        """OCPP 1.6 §7.29: keys are CiStrings, compared without regard to case."""
        return next((s for s in self.table if s.key and s.key.lower() == key.lower()), None)

    def has_component(self, component: str) -> bool:
        return any(s.component.lower() == component.lower() for s in self.table if s.component)

    def by_variable(self, component: str, variable: str, instance: str) -> Setting | None:
        wanted = (component.lower(), variable.lower(), instance.lower())
        found = (s for s in self.table if s.component)
        return next(
            (s for s in found if (s.component.lower(), s.variable.lower(), s.instance.lower()) == wanted),
            None,
        )


def _fits(setting: Setting, value: str) -> bool:
    if setting.data_type == "integer":
        return value.isascii() and value.isdigit() and len(value) < 10
    return bool(value)
