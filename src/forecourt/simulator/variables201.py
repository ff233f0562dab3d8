"""A virtual pile's device model of OCPP 2.0.1: variables read, set and reported from the table of settings."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from types import MappingProxyType

from forecourt.ocpp.primitives import Payload
from forecourt.ocpp.v201 import (
    Component,
    GetVariableData,
    GetVariableResult,
    NotifyReportRequest,
    ReportData,
    SetVariableData,
    SetVariableResult,
    Variable,
    VariableAttribute,
    VariableCharacteristics,
)
from forecourt.ocpp.v201.enums import GetVariableStatusEnum, SetVariableStatusEnum
from forecourt.simulator.operations import Operations
from forecourt.simulator.settings import Setting, Settings

ITEMS_PER_REPORT = 8
CHANGED: Mapping[str, SetVariableStatusEnum] = MappingProxyType(
    {"unknown": "UnknownVariable", "read-only": "Rejected", "invalid": "Rejected"}
)


def get_variable(settings: Settings, wanted: GetVariableData) -> GetVariableResult:
    status, value = _read(settings, wanted)
    return GetVariableResult(
        attribute_status=status,
        attribute_type=wanted.attribute_type,
        attribute_value=value,
        component=wanted.component,
        variable=wanted.variable,
    )


def _read(settings: Settings, wanted: GetVariableData) -> tuple[GetVariableStatusEnum, str | None]:
    if not settings.has_component(wanted.component.name):
        return "UnknownComponent", None
    setting = _setting(settings, wanted.component, wanted.variable)
    if setting is None:
        return "UnknownVariable", None
    if wanted.attribute_type not in (None, "Actual"):
        return "NotSupportedAttributeType", None
    if setting.access == "WriteOnly":
        return "Rejected", None
    return "Accepted", settings.value(setting)


def set_variable(pile: Operations, wanted: SetVariableData) -> SetVariableResult:
    return SetVariableResult(
        attribute_status=_write(pile, wanted),
        attribute_type=wanted.attribute_type,
        component=wanted.component,
        variable=wanted.variable,
    )


def _write(pile: Operations, wanted: SetVariableData) -> SetVariableStatusEnum:
    settings = pile.device.settings
    if not settings.has_component(wanted.component.name):
        return "UnknownComponent"
    if wanted.attribute_type not in (None, "Actual"):
        return "NotSupportedAttributeType"
    setting = _setting(settings, wanted.component, wanted.variable)
    refusal = pile.change_setting(setting, wanted.attribute_value)
    return CHANGED[refusal.reason] if refusal else "Accepted"


def _setting(settings: Settings, component: Component, variable: Variable) -> Setting | None:
    return settings.by_variable(component.name, variable.name, variable.instance or "")


def reports(settings: Settings, request_id: int, now: datetime, full: bool) -> Iterator[Payload]:
    """The NotifyReports of an inventory; `full` adds what can't be configured."""
    shown = [s for s in settings.table if s.component and (full or s.access != "ReadOnly")]
    parts = [shown[at : at + ITEMS_PER_REPORT] for at in range(0, len(shown), ITEMS_PER_REPORT)]
    for seq_no, part in enumerate(parts):
        yield NotifyReportRequest(
            request_id=request_id,
            generated_at=now,
            seq_no=seq_no,
            tbc=seq_no + 1 < len(parts),
            report_data=tuple(_report(settings, setting) for setting in part),
        )


def _report(settings: Settings, setting: Setting) -> ReportData:
    secret = setting.access == "WriteOnly"
    attribute = VariableAttribute(
        value=None if secret else settings.value(setting), mutability=setting.access, persistent=True
    )
    return ReportData(
        component=Component(name=setting.component),
        variable=Variable(name=setting.variable, instance=setting.instance or None),
        variable_attribute=(attribute,),
        variable_characteristics=VariableCharacteristics(
            data_type=setting.data_type, supports_monitoring=False
        ),
    )
