"""One typed configuration, and a page that tells all of it."""

from pathlib import Path

import msgspec
import pytest

from forecourt.config import Config, ConfigError, load, unknown

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "configuration.md"


def test_the_environment_wins_over_defaults_and_the_command_line_over_both() -> None:
    environ = {
        "FORECOURT_OCPP_PORT": "9100",
        "FORECOURT_HTTP_PORT": "8100",
        "FORECOURT_TRUSTED_PROXIES": "10.0.0.0/8,::1",
    }
    config = load(environ, http_port=8200, ocpp_host=None)
    assert (config.ocpp_port, config.http_port, config.ocpp_host) == (9100, 8200, "127.0.0.1")
    assert config.trusted_proxies == ("10.0.0.0/8", "::1")


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("FORECOURT_OCPP_PORT", "many"),
        ("FORECOURT_UNKNOWN_PILES", "maybe"),
        ("FORECOURT_PING_INTERVAL", "soon"),
        ("FORECOURT_SECURE_COOKIES", "perhaps"),
        ("FORECOURT_TRUSTED_PROXIES", "10.0.0.0/8,proxy"),
        ("FORECOURT_DATABASE_URL", "forecourt.db"),
        ("FORECOURT_NATS_URL", "localhost:4222"),
    ],
)
def test_a_value_that_does_not_fit_is_named(variable: str, value: str) -> None:
    with pytest.raises(ConfigError, match=variable):
        load({variable: value})


def test_the_words_that_a_setting_takes_are_named() -> None:
    with pytest.raises(ConfigError, match="refuse or pending, not 'maybe'"):
        load({"FORECOURT_UNKNOWN_PILES": "maybe"})


def test_a_password_in_an_address_is_not_repeated() -> None:
    with pytest.raises(ConfigError, match="postgresql://") as caught:
        load({"FORECOURT_DATABASE_URL": "mysql://me:hunter2@db/x"})
    assert "hunter2" not in str(caught.value)


def test_a_misspelt_setting_is_pointed_out() -> None:
    environ = {"FORECOURT_OCPP_PRT": "1", "FORECOURT_OCPP_PORT": "2", "FORECOURT_TEST_NATS": "", "HOME": "/"}
    assert unknown(environ) == [
        "FORECOURT_OCPP_PRT is no setting and has no effect; did you mean FORECOURT_OCPP_PORT?"
    ]


def test_certificate_and_key_belong_together() -> None:
    with pytest.raises(ConfigError, match="FORECOURT_TLS_KEY"):
        load({"FORECOURT_TLS_CERT": "/cert.pem"})


def test_every_setting_is_on_the_page() -> None:
    page = PAGE.read_text()
    missing = [
        field.name
        for field in msgspec.structs.fields(Config)
        if f"FORECOURT_{field.name.upper()}" not in page
    ]
    assert missing == []
