import pytest

from forecourt.ocpp.errors import FAULT_CODES, SPELLINGS, ErrorCode, Fault, read_code
from forecourt.ocpp.version import Version

# OCPP-J 1.6 §4.2.3 with errata §5.1 and §5.2.
CODES_16 = {
    "NotImplemented",
    "NotSupported",
    "InternalError",
    "ProtocolError",
    "SecurityError",
    "FormationViolation",
    "PropertyConstraintViolation",
    "OccurenceConstraintViolation",
    "TypeConstraintViolation",
    "GenericError",
}
# OCPP 2.0.1 and 2.1 Part 4 §4.3.
CODES_2 = {
    "FormatViolation",
    "GenericError",
    "InternalError",
    "MessageTypeNotSupported",
    "NotImplemented",
    "NotSupported",
    "OccurrenceConstraintViolation",
    "PropertyConstraintViolation",
    "ProtocolError",
    "RpcFrameworkError",
    "SecurityError",
    "TypeConstraintViolation",
}


@pytest.mark.parametrize(
    ("version", "codes"), [(Version.V16, CODES_16), (Version.V201, CODES_2), (Version.V21, CODES_2)]
)
def test_each_version_uses_exactly_the_codes_of_its_own_table(version: Version, codes: set[str]) -> None:
    assert set(SPELLINGS[version].values()) == codes
    assert set(SPELLINGS[version]) == set(ErrorCode)


@pytest.mark.parametrize("spelled", sorted(CODES_16 | CODES_2))
def test_a_code_is_understood_in_any_versions_spelling(spelled: str) -> None:
    code = read_code(spelled)
    assert code is not None
    assert spelled in {SPELLINGS[version][code] for version in Version}


def test_what_is_no_code_is_not_guessed() -> None:
    assert read_code("formatviolation") is None
    assert read_code("") is None


def test_answers_and_sends_are_never_answered_with_an_error() -> None:
    for version in Version:
        assert Fault.BAD_ANSWER not in FAULT_CODES[version]
        assert Fault.BAD_SEND not in FAULT_CODES[version]
