"""Configures logs: one line per event, for people or machines; ids, slugs, dates and counts, no personal data."""

from __future__ import annotations

import logging
import sys
from functools import partial

import structlog
from structlog.typing import Processor

from actors.observability.redaction import format_error, print_error
from actors.settings import Settings

#: Libraries that log too much below a warning.
QUIET = ("nats", "asyncio", "uvicorn.access", "dramatiq")


#: Uses our own tracebacks: structlog's show local variables, which contain names and passwords.
_CONSOLE = partial(structlog.dev.ConsoleRenderer, pad_event_to=24, exception_formatter=print_error)


def configure(settings: Settings) -> None:
    """Sends our logs and the libraries' through one formatter to stderr, or to the pipe that Dramatiq gave us."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    renderers: list[Processor] = (
        [structlog.processors.ExceptionRenderer(format_error), structlog.processors.JSONRenderer()]
        if settings.log_format == "json"
        else [_CONSOLE(colors=sys.stderr.isatty())]
    )
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.make_filtering_bound_logger(settings.log_level),
        cache_logger_on_first_use=True,
    )
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[*shared, structlog.stdlib.ExtraAdder()],
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *renderers],
    )
    root = logging.getLogger()
    if not root.handlers:
        root.addHandler(logging.StreamHandler(sys.stderr))
    for handler in root.handlers:
        handler.setFormatter(formatter)
    root.setLevel(settings.log_level.upper())
    for name in QUIET:
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))
