"""OpenTelemetry traces, from a request to the last statement that follows from it.

A trace starts at the client: a program, a caller of the HTTP API, the command line. The context travels as a W3C
`traceparent`: in the header of an HTTP or NATS request, and in an actor's message as a keyword argument, since
options are part of a message's identity. Spans carry ids, slugs and dates; of exceptions only the type, since
their text may quote personal data. Names and attributes are those of OpenTelemetry's semantic conventions, those of
messages are in `span_names.py`. Without `OTEL_EXPORTER_OTLP_ENDPOINT` nothing is imported or sent.
"""

from __future__ import annotations

import atexit
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from enum import Enum
from typing import TYPE_CHECKING, Any, Protocol

from actors.observability.query_summary import shown, summary
from actors.settings import Settings, SettingsError

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.trace import Span

#: The name of the header, and of the actors' argument.
TRACEPARENT = "traceparent"

#: Seconds for one export, and for the last spans when the process ends.
EXPORT_TIMEOUT, CLOSE_TIMEOUT = 5, 5.0

_provider: TracerProvider | None = None
_last_flush: threading.Thread | None = None


class Kind(Enum):
    """What a span is to the one that caused it; the names are OpenTelemetry's."""

    INTERNAL = "INTERNAL"
    SERVER = "SERVER"
    PRODUCER = "PRODUCER"
    CONSUMER = "CONSUMER"


class Statement(Protocol):
    """The parts of asyncpg's `LoggedQuery` that a span shows: never its arguments."""

    @property
    def query(self) -> str: ...

    @property
    def elapsed(self) -> float: ...

    @property
    def exception(self) -> BaseException | None: ...

    @property
    def conn_addr(self) -> Any: ...

    @property
    def conn_params(self) -> Any: ...


class OpenSpan:
    """A span that has not ended; without tracing, nothing."""

    def __init__(self, span: Span | None = None) -> None:
        self._span = span

    def describe(self, name: str, attributes: Mapping[str, str | int]) -> None:
        """Renames the span, and adds attributes."""
        if self._span is not None:
            self._span.update_name(name)
            self._span.set_attributes(attributes)

    def fail(self, kind: str) -> None:
        """Marks the span as failed; `kind`: a type of exception, or a status code."""
        if self._span is not None:
            from opentelemetry.trace import Status, StatusCode

            self._span.set_attribute("error.type", kind)
            self._span.set_status(Status(StatusCode.ERROR, kind))


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
def span(
    name: str, traceparent: str | None, attributes: Mapping[str, str], kind: Kind = Kind.INTERNAL
) -> Iterator[OpenSpan]:
    """A span that continues the trace of `traceparent`; None: the current task's, or a new one."""
    if _provider is None:
        yield OpenSpan()
        return
    from opentelemetry.trace import SpanKind
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    context = TraceContextTextMapPropagator().extract({TRACEPARENT: traceparent}) if traceparent else None
    tracer = _provider.get_tracer("idexx-sync")
    with tracer.start_as_current_span(
        name,
        context,
        kind=SpanKind[kind.value],
        attributes=attributes,
        record_exception=False,
        set_status_on_exception=False,
    ) as current:
        found = OpenSpan(current)
        try:
            yield found
        except BaseException as error:
            found.fail(type(error).__name__)
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
    from opentelemetry.trace import SpanKind

    ended, name = time.time_ns(), summary(statement.query)
    span = _provider.get_tracer("idexx-sync").start_span(
        name,
        kind=SpanKind.CLIENT,
        start_time=ended - int(statement.elapsed * 1e9),
        attributes={
            "db.system.name": "postgresql",
            "db.namespace": str(statement.conn_params.database),
            "db.query.summary": name,
            "db.query.text": shown(statement.query),
            **_address(statement.conn_addr),
        },
    )
    if statement.exception is not None:
        code = getattr(statement.exception, "sqlstate", None)
        if code is not None:
            span.set_attribute("db.response.status_code", code)
        OpenSpan(span).fail(code or type(statement.exception).__name__)
    span.end(ended)


def _address(address: Any) -> dict[str, str | int]:
    """The attributes of a server's address: host and port, or the path of a socket."""
    if isinstance(address, tuple):
        return {"server.address": str(address[0]), "server.port": int(address[1])}
    return {"server.address": str(address)}
