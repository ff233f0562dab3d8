"""The composition root: the only module that wires everything (DESIGN §2)."""

import asyncio
import gc
import os
import secrets
import signal
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, suppress
from datetime import timedelta
from typing import Any, cast

import httpx
import structlog
import uvloop

from forecourt import instance, web
from forecourt.bus import Bus
from forecourt.bus.embedded import EmbeddedBus
from forecourt.clock import Clock, SystemClock
from forecourt.config import Config, ConfigError
from forecourt.domain.transactions import Rules
from forecourt.gateway.gateway import Gateway
from forecourt.instance import Running
from forecourt.logs import configure
from forecourt.services import accounts, jobs
from forecourt.services.context import Services
from forecourt.services.ids import IdRange
from forecourt.services.tokens import TokenCache
from forecourt.store.store import Store

log = structlog.get_logger(__name__)

BUS_WITHIN_S = 10.0

# Name and password of the operator that was made at the first start.
FirstOperator = tuple[str, str]
# What goes on beside a running server: entered when it has started, left before it stops.
Beside = Callable[[Services, Running, FirstOperator | None], AbstractAsyncContextManager[None]]


def database_url(config: Config) -> str:
    """Return the database: the configured one, or SQLite in the data folder."""
    return config.database_url or f"sqlite:///{config.data_dir / 'forecourt.sqlite3'}"


@asynccontextmanager
async def services(config: Config, clock: Clock) -> AsyncIterator[Services]:
    """Open the store and the bus, and hand out what use cases need."""
    store = await Store.open(database_url(config))
    try:
        bus = await _bus(config)
        try:
            yield _services(config, clock, store, bus)
        finally:
            await bus.close()
    finally:
        await store.close()


async def _bus(config: Config) -> Bus:
    if not config.nats_url:
        return EmbeddedBus()
    from forecourt.bus.nats import NatsBus  # noqa: PLC0415 (loaded only where it is used)

    # The client itself would try for ever; who starts us (a person, systemd) is better told.
    try:
        async with asyncio.timeout(BUS_WITHIN_S):
            return await NatsBus.connect(config.nats_url)
    except (OSError, ValueError) as error:
        why = str(error) or f"no answer within {BUS_WITHIN_S:g} s"
        raise ConfigError(f"can't reach the bus of FORECOURT_NATS_URL: {why}") from None


def _services(config: Config, clock: Clock, store: Store, bus: Bus) -> Services:
    tokens = TokenCache(clock.monotonic)
    bus.on_reconnect(tokens.clear)
    return Services(
        config=config,
        clock=clock,
        store=store,
        bus=bus,
        tokens=tokens,
        session_ids=IdRange(store.reserve_ids, "session"),
        transaction_ids=IdRange(store.reserve_ids, "transaction"),
        rules=Rules(settle_wait=timedelta(seconds=config.settle_wait)),
    )


@asynccontextmanager
async def in_process(config: Config) -> AsyncIterator[httpx.AsyncClient]:
    """Yield a client of the API without a server: for commands when none is running. Holds the data folder's lock."""
    configure(config)
    token = secrets.token_urlsafe(32)
    with instance.locked(config.data_dir):
        async with services(config, SystemClock()) as sv:
            page = web.application(sv, None, accounts.digest_of(token))
            transport = httpx.ASGITransport(cast(Any, page.app))
            headers = {"Authorization": f"Bearer {token}"}
            async with httpx.AsyncClient(
                transport=transport, base_url="http://localhost", headers=headers
            ) as client:
                yield client


async def migrate(config: Config) -> str:
    """Bring the schema up to date; return a line that says what was done. Refused while a server holds the folder."""
    with instance.locked(config.data_dir):
        return await Store.migrate(database_url(config))


def run(config: Config, clock: Clock | None = None, beside: Beside | None = None) -> None:
    """Serve until SIGINT or SIGTERM."""
    configure(config)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve(config, clock or SystemClock(), beside or _announce))


@asynccontextmanager
async def _announce(sv: Services, running: Running, operator: FirstOperator | None) -> AsyncIterator[None]:
    log.info("serving", console=running.url, piles=running.ocpp_url, data=str(sv.config.data_dir))
    if operator:
        # Not a log line: logs are kept, and this is shown once.
        print(f"first operator: {operator[0]}   password: {operator[1]}   (shown this once)", flush=True)  # noqa: T201
    yield


async def serve(config: Config, clock: Clock, beside: Beside) -> None:
    """Run gateway, jobs, console and API in this process until a signal ends it; at once while it still starts."""
    asked, started = asyncio.Event(), asyncio.Event()
    _on_signals(asyncio.current_task(), asked, started)
    with instance.locked(config.data_dir):
        try:
            async with running(config, clock) as (sv, where, operator):
                started.set()
                async with beside(sv, where, operator):
                    _tune_memory()
                    await asked.wait()
                    log.info("stopping")
        except asyncio.CancelledError:
            if not asked.is_set():
                raise


def _on_signals(task: asyncio.Task[None] | None, asked: asyncio.Event, started: asyncio.Event) -> None:
    def end() -> None:
        if task and not started.is_set() and not asked.is_set():
            task.cancel()
        asked.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, end)


@asynccontextmanager
async def running(
    config: Config, clock: Clock
) -> AsyncIterator[tuple[Services, Running, FirstOperator | None]]:
    """Yield a running server: its services, where it answers, and its first operator if one was made now."""
    async with AsyncExitStack() as stack:
        sv = await stack.enter_async_context(services(config, clock))
        gateway = Gateway(sv)
        await _listen(gateway, config)
        stack.push_async_callback(gateway.stop)
        background = asyncio.create_task(jobs.run(sv), name="jobs")
        stack.push_async_callback(_cancelled, background)
        token = secrets.token_urlsafe(32)
        pages = web.application(sv, gateway, accounts.digest_of(token))
        url = await stack.enter_async_context(web.listening(config, pages))
        # Made once nothing can fail any more: a password is shown once, and an occupied port must not swallow it.
        operator = await accounts.first_operator(sv)
        where = Running(url, gateway.url, token, os.getpid())
        instance.announce(config.data_dir, where)
        stack.callback(instance.withdraw, config.data_dir)
        yield sv, where, operator


def _tune_memory() -> None:
    """Let the garbage collector look at what a server makes, not at what it is made of.

    Hardly anything that a message leaves behind is cyclic; full collections over every pile's state are what p99 is made of.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)


async def _listen(gateway: Gateway, config: Config) -> None:
    _check_certificate(config)
    try:
        await gateway.start()
    except OSError as error:
        where = f"{config.ocpp_host}:{config.ocpp_port}"
        raise ConfigError(
            f"can't listen on {where}: {web.reason(error)}; choose another --ocpp-port"
        ) from None


def _check_certificate(config: Config) -> None:
    if config.tls_cert is None or config.tls_key is None:
        return
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(config.tls_cert, config.tls_key)
    except OSError as error:
        pair = f"FORECOURT_TLS_CERT {config.tls_cert} and FORECOURT_TLS_KEY {config.tls_key}"
        raise ConfigError(
            f"can't use {pair}: {error.strerror}; both are PEM files, and belong together"
        ) from None


async def _cancelled(task: asyncio.Task[None]) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
