"""Components and variables as text."""

import pytest

from forecourt.gateway.handlers.v201.names import component_text, parse, variable_text


@pytest.mark.parametrize(
    "key",
    [
        "OCPPCommCtrlr.HeartbeatInterval",
        "Connector#1.2.Available",
        "EVSE#1.Power",
        "ChargingStation[a.b].Voltage[L1]",
        "Connector#1.2[left].Available[x.y]",
    ],
)
def test_there_and_back(key: str) -> None:
    component, variable = parse(key)
    assert f"{component_text(component)}.{variable_text(variable)}" == key


def test_the_connector_is_not_the_variable() -> None:
    component, variable = parse("Connector#1.2.Available")
    assert component.evse is not None
    assert (component.evse.id, component.evse.connector_id, variable.name) == (1, 2, "Available")


@pytest.mark.parametrize("key", ["", "HeartbeatInterval", "A.", ".B", "A.B[", "A#x.B"])
def test_what_is_no_name(key: str) -> None:
    with pytest.raises(ValueError, match=r"Component\.Variable"):
        parse(key)
