"""The one typed configuration: environment variables ``FORECOURT_*`` over the defaults below."""

import os
from collections.abc import Mapping
from difflib import get_close_matches
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Literal, get_args, get_origin

import msgspec

Port = Annotated[int, msgspec.Meta(ge=0, le=65535)]
Count = Annotated[int, msgspec.Meta(ge=1)]
Seconds = Annotated[float, msgspec.Meta(gt=0)]


class ConfigError(ValueError):
    """A setting that can't be used: names the variable, what is wrong, and what is allowed."""


def default_data_dir() -> Path:
    """Return the folder for the database, the lock file and the local token: the user's data folder."""
    home = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(home) / "forecourt"


class Config(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Settings of a server. Each field is set by ``FORECOURT_`` and its name in capitals; durations are in seconds."""

    data_dir: Path = msgspec.field(default_factory=default_data_dir)
    database_url: str = ""
    nats_url: str = ""
    # Where piles connect, and where people and programs do.
    ocpp_host: str = "127.0.0.1"
    ocpp_port: Port = 9000
    http_host: str = "127.0.0.1"
    http_port: Port = 8000
    # The name under which this process owns its piles; needed where several gateways share a host name.
    gateway_id: str = ""
    # With both set, the OCPP listener speaks TLS (security profile 2).
    tls_cert: Path | None = None
    tls_key: Path | None = None
    # Addresses or networks whose X-Forwarded-For and X-Forwarded-Proto are believed.
    trusted_proxies: tuple[str, ...] = ()
    # True where browsers reach the console over HTTPS: cookies are then marked Secure.
    secure_cookies: bool = False
    # A pile that is not registered: refuse its handshake, or let it in as pending.
    unknown_piles: Literal["refuse", "pending"] = "refuse"
    # The answer to a token when the database can't be asked.
    token_fallback: Literal["accept", "refuse"] = "accept"
    heartbeat_interval: Count = 300
    boot_retry_interval: Count = 30
    call_timeout: Seconds = 30.0
    ping_interval: Seconds = 30.0
    ping_timeout: Seconds = 20.0
    max_frame_bytes: Count = 1_048_576
    failed_handshakes_per_minute: Count = 20
    # How long an ended session waits for missing events, or for its car to go, before its CDR is issued.
    settle_wait: Annotated[float, msgspec.Meta(ge=0)] = 86_400.0
    # A session without a word for so long is closed and flagged.
    session_cap: Seconds = 172_800.0
    # How many days of the OCPP log are kept.
    ocpp_log_days: Count = 14
    log_format: Literal["console", "json"] = "console"
    log_level: Literal["debug", "info", "warning", "error"] = "info"


# What each of these may begin with, and what is said when it does not. The value itself may hold a password.
_URLS = (
    (
        "database_url",
        ("postgresql://", "sqlite:///"),
        "use postgresql://user:password@host/database or sqlite:///path",
    ),
    ("nats_url", ("nats://", "tls://"), "use nats://host:4222"),
)


def load(environ: Mapping[str, str], **overrides: object) -> Config:
    """Return the configuration from an environment; ``overrides`` (from the command line) win, None is left out.

    Raises ConfigError for a value that can't be used.
    """
    values: dict[str, object] = {}
    for name in Config.__struct_fields__:
        raw = environ.get(f"FORECOURT_{name.upper()}", "")
        if raw:
            values[name] = raw.split(",") if name == "trusted_proxies" else raw
    values.update({name: value for name, value in overrides.items() if value is not None})
    try:
        config = msgspec.convert(values, Config, strict=False, dec_hook=_path)
    except msgspec.ValidationError as error:
        raise ConfigError(_explain(str(error), values)) from None
    _check(config)
    return config


def unknown(environ: Mapping[str, str]) -> list[str]:
    """Return a line for each variable that looks like a setting and is none; those of the tests are left out."""
    known = [f"FORECOURT_{name.upper()}" for name in Config.__struct_fields__]
    found = (
        name for name in environ if name.startswith("FORECOURT_") and not name.startswith("FORECOURT_TEST_")
    )
    return [_no_setting(name, known) for name in sorted(found) if name not in known]


def _no_setting(name: str, known: list[str]) -> str:
    near = get_close_matches(name, known, n=1)
    return f"{name} is no setting and has no effect" + (f"; did you mean {near[0]}?" if near else "")


def _check(config: Config) -> None:
    if (config.tls_cert is None) != (config.tls_key is None):
        raise ConfigError("FORECOURT_TLS_CERT and FORECOURT_TLS_KEY belong together: set both or none")
    for name, starts, remedy in _URLS:
        value: str = getattr(config, name)
        if value and not value.startswith(starts):
            raise ConfigError(f"FORECOURT_{name.upper()} can't be used: {remedy}")
    for proxy in filter(str.strip, config.trusted_proxies):
        try:
            ip_network(proxy.strip(), strict=False)
        except ValueError:
            raise ConfigError(f"FORECOURT_TRUSTED_PROXIES: {proxy!r} is no address or network") from None


def _path(kind: type, value: object) -> object:
    if issubclass(kind, Path):
        return Path(str(value)).expanduser()
    raise NotImplementedError(kind)


def _explain(message: str, values: Mapping[str, object]) -> str:
    what, _, where = message.partition(" - at `$.")
    name = where.rstrip("`")
    if not name:
        return message
    kind = Config.__annotations__.get(name)
    if get_origin(kind) is Literal:
        what = f"expected {' or '.join(get_args(kind))}"
    return f"FORECOURT_{name.upper()}: {what}, not {values.get(name)!r}"
