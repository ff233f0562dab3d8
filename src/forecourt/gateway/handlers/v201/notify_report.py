"""NotifyReport (2.0.1 B07, B08): the device model, part by part."""

from datetime import datetime

from forecourt.domain.outcome import PileState
from forecourt.domain.records import PileVariable
from forecourt.domain.secret import is_secret
from forecourt.gateway.handlers.inbound import Handled, Inbound
from forecourt.gateway.handlers.v201.names import component_text, variable_text
from forecourt.ocpp.v201 import NotifyReportRequest
from forecourt.services import device_model
from forecourt.services.context import Services


def handle(
    sv: Services, state: PileState, request: NotifyReportRequest, message: Inbound, now: datetime
) -> Handled:
    rows = tuple(
        PileVariable(
            pile_id=state.pile.id,
            component=component_text(data.component),
            variable=variable_text(data.variable),
            attribute=attribute.type or "Actual",  # §2.51: "If absent, default Actual is assumed"
            value=None if is_secret(data.variable.name) else attribute.value,
            mutability=attribute.mutability or "ReadWrite",
            reported_at=now,
        )
        for data in request.report_data or ()
        for attribute in data.variable_attribute
    )
    return device_model.variables(sv, state, rows, now)
