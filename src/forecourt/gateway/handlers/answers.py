"""Our words for the states of tokens and registrations, as each version spells them."""

from collections.abc import Mapping
from types import MappingProxyType

from forecourt.domain.pile import Registration
from forecourt.domain.token import TokenStatus
from forecourt.ocpp import v16, v201

# OCPP 1.6 §7.2 has no word for an unknown tag but Invalid.
STATUS_16: Mapping[TokenStatus, v16.AuthorizationStatus] = MappingProxyType(
    {
        TokenStatus.ACCEPTED: "Accepted",
        TokenStatus.BLOCKED: "Blocked",
        TokenStatus.EXPIRED: "Expired",
        TokenStatus.UNKNOWN: "Invalid",
    }
)
STATUS_201: Mapping[TokenStatus, v201.AuthorizationStatusEnum] = MappingProxyType(
    {
        TokenStatus.ACCEPTED: "Accepted",
        TokenStatus.BLOCKED: "Blocked",
        TokenStatus.EXPIRED: "Expired",
        TokenStatus.UNKNOWN: "Unknown",
    }
)
# Both versions spell these alike. NEW is no answer: a boot always gives one of the others.
REGISTRATION: Mapping[Registration, v16.RegistrationStatus] = MappingProxyType(
    {
        Registration.ACCEPTED: "Accepted",
        Registration.PENDING: "Pending",
        Registration.REJECTED: "Rejected",
        Registration.NEW: "Pending",
    }
)
