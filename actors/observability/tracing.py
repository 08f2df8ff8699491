"""OpenTelemetry traces, from a request to the last statement that follows from it.

A trace starts at the client: a program, a caller of the HTTP API, the command line. The context travels as a W3C
`traceparent`: in the header of an HTTP or NATS request, and in an actor's message as a keyword argument, since
options are part of a message's identity. Spans carry ids, slugs and dates; of exceptions only the type, since
their text may quote personal data. Without `OTEL_EXPORTER_OTLP_ENDPOINT` nothing is imported or sent.
"""

from __future__ import annotations

import atexit
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

from actors.settings import Settings, SettingsError

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider

#: The name of the header, and of the actors' argument.
TRACEPARENT = "traceparent"

#: How much of a statement a span shows, in characters.
SHOWN_SQL = 200

#: Seconds for one export, and for the last spans when the process ends.
EXPORT_TIMEOUT, CLOSE_TIMEOUT = 5, 5.0

_provider: TracerProvider | None = None
_last_flush: threading.Thread | None = None


class Statement(Protocol):
    """The parts of asyncpg's `LoggedQuery` that a span shows: never its arguments."""

    @property
    def query(self) -> str: ...

    @property
    def elapsed(self) -> float: ...

    @property
    def exception(self) -> BaseException | None: ...


def configure(settings: Settings, kind: str) -> None:
    """Sends this process's spans from now on, if an endpoint is set."""
    global _provider
    endpoint = settings.otel_exporter_otlp_endpoint
    if endpoint is None or is_on():
        return
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError as error:
        raise SettingsError(
            f"OTEL_EXPORTER_OTLP_ENDPOINT is set, but {error.name} is missing: "
            "install the wheel with its extra otel (docs/deploying.md, The wheel)"
        ) from None
    exporter = OTLPSpanExporter(endpoint=f"{endpoint.rstrip('/')}/v1/traces", timeout=EXPORT_TIMEOUT)
    resource = Resource.create({"service.name": "idexx-sync", "process.kind": kind})
    # The SDK's own shutdown at exit waits 30 s for a collector that does not respond.
    _provider = TracerProvider(resource=resource, shutdown_on_exit=False)
    _provider.add_span_processor(BatchSpanProcessor(exporter))
    atexit.register(close)


def is_on() -> bool:
    return _provider is not None


def close() -> None:
    """Sends the last spans; blocks for `CLOSE_TIMEOUT` at most, and only once if the collector is silent."""
    global _last_flush
    if _provider is None or (_last_flush is not None and _last_flush.is_alive()):
        return
    # In a thread that does not block the process's exit: the SDK's `force_flush` ignores its time-out
    # (open-telemetry/opentelemetry-python issue 4568).
    _last_flush = threading.Thread(target=_provider.force_flush, name="last-spans", daemon=True)
    _last_flush.start()
    _last_flush.join(CLOSE_TIMEOUT)


@contextmanager
def span(name: str, traceparent: str | None, attributes: Mapping[str, str]) -> Iterator[None]:
    """A span that continues the trace of `traceparent`; None: the current task's, or a new one."""
    if _provider is None:
        yield
        return
    from opentelemetry.trace import Status, StatusCode
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    context = TraceContextTextMapPropagator().extract({TRACEPARENT: traceparent}) if traceparent else None
    tracer = _provider.get_tracer("idexx-sync")
    with tracer.start_as_current_span(
        name, context, attributes=attributes, record_exception=False, set_status_on_exception=False
    ) as current:
        try:
            yield
        except BaseException as error:
            current.set_status(Status(StatusCode.ERROR, type(error).__name__))
            raise


def carried() -> dict[str, str]:
    """What to add to a message's arguments, or its headers, so that its receiver continues this trace."""
    carrier: dict[str, str] = {}
    if _provider is not None:
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        TraceContextTextMapPropagator().inject(carrier)
    return {name: value for name, value in carrier.items() if name == TRACEPARENT}


def trace_statement(statement: Statement) -> None:
    """Adds a span for a statement that has just ended, within the current span."""
    if _provider is None:
        return
    from opentelemetry.trace import SpanKind, Status, StatusCode

    ended = time.time_ns()
    span = _provider.get_tracer("idexx-sync").start_span(
        "postgresql",
        kind=SpanKind.CLIENT,
        start_time=ended - int(statement.elapsed * 1e9),
        attributes={"db.system": "postgresql", "db.query.text": statement.query[:SHOWN_SQL]},
    )
    if statement.exception is not None:
        span.set_status(Status(StatusCode.ERROR, type(statement.exception).__name__))
    span.end(ended)
