"""Components and variables of the device model as one text each: ``Connector#1.2[left]``, ``Voltage[L1]``."""

import re

from forecourt.ocpp.v201 import EVSE, Component, Variable

_NAME = re.compile(
    r"(?P<name>[^#\[\]]+)(?:#(?P<evse>\d+)(?:\.(?P<connector>\d+))?)?(?:\[(?P<instance>[^\]]*)\])?"
)


def component_text(component: Component) -> str:
    """Write a component: its name, ``#evse`` or ``#evse.connector`` where it has one, its instance in brackets."""
    evse = component.evse
    place = (
        "" if evse is None else f"#{evse.id}" + ("" if evse.connector_id is None else f".{evse.connector_id}")
    )
    return f"{component.name}{place}{_instance(component.instance)}"


def variable_text(variable: Variable) -> str:
    """Write a variable, its instance in brackets."""
    return f"{variable.name}{_instance(variable.instance)}"


def _instance(instance: str | None) -> str:
    return "" if instance is None else f"[{instance}]"


def parse(key: str) -> tuple[Component, Variable]:
    """Read ``Component.Variable``, written as above. Raises ValueError for anything else."""
    # The last dot that can separate the two: there may be others, in ``#1.2`` and in instances.
    for dot in (place for place in reversed(range(len(key))) if key[place] == "."):
        component, variable = _NAME.fullmatch(key[:dot]), _NAME.fullmatch(key[dot + 1 :])
        if component and variable and variable["evse"] is None:
            return _component(component), Variable(name=variable["name"], instance=variable["instance"])
    raise ValueError(f"{key!r} is not of the form Component.Variable")


def _component(match: "re.Match[str]") -> Component:
    connector = match["connector"]
    evse = None
    if match["evse"] is not None:
        evse = EVSE(id=int(match["evse"]), connector_id=None if connector is None else int(connector))
    return Component(name=match["name"], instance=match["instance"], evse=evse)
