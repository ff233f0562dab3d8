"""Structured logs: for people on a terminal, JSON for machines. Secrets never get here; tokens are masked where they arise."""

import logging
import sys

import structlog

from forecourt.config import Config


def configure(config: Config) -> None:
    """Set the process's logging up as configured; libraries' records go the same way."""
    level = logging.getLevelNamesMapping()[config.log_level.upper()]
    renderer: structlog.types.Processor = (
        structlog.processors.JSONRenderer()
        if config.log_format == "json"
        # Plain: the pretty form prints local variables, tokens among them.
        else structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
        )
    )
    as_text = (structlog.processors.format_exc_info,) if config.log_format == "json" else ()
    shared: tuple[structlog.types.Processor, ...] = (
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        *as_text,
    )
    structlog.configure(
        processors=[*shared, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    _configure_libraries(max(level, logging.WARNING), shared, renderer)


def _configure_libraries(
    level: int, shared: tuple[structlog.types.Processor, ...], renderer: structlog.types.Processor
) -> None:
    handler = logging.StreamHandler(sys.stderr)
    last = [structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer]
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(processors=last, foreign_pre_chain=shared))
    logging.basicConfig(level=level, handlers=[handler], force=True)
    # It warns of subprotocols before the gateway has looked at them; what is odd about those is logged there.
    logging.getLogger("aiohttp.websocket").setLevel(logging.ERROR)
