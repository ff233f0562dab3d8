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
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            *as_text,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(level=max(level, logging.WARNING), stream=sys.stderr, force=True)
