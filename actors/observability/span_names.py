"""Spans of messages on NATS, named as OpenTelemetry's semantic conventions for messaging say: the operation, then the
destination."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager

from actors.observability.tracing import Kind, OpenSpan, span


def sending(
    destination: str, about: Mapping[str, str], *, template: str | None = None, message_id: str | None = None
) -> AbstractContextManager[OpenSpan]:
    """A span of sending a message to a subject or a mailbox. `template`: the subject with its variable part named."""
    attributes = _attributes("send", destination, template, message_id)
    return span(f"send {template or destination}", None, {**attributes, **about}, Kind.PRODUCER)


def processing(
    destination: str,
    traceparent: str | None,
    about: Mapping[str, str],
    *,
    template: str | None = None,
    message_id: str | None = None,
) -> AbstractContextManager[OpenSpan]:
    """A span of the work on a message; it continues the trace of its sender."""
    attributes = _attributes("process", destination, template, message_id)
    return span(f"process {template or destination}", traceparent, {**attributes, **about}, Kind.CONSUMER)


def _attributes(operation: str, destination: str, template: str | None, message_id: str | None) -> dict[str, str]:
    optional = {"messaging.destination.template": template, "messaging.message.id": message_id}
    return {
        "messaging.system": "nats",
        "messaging.operation.name": operation,
        "messaging.operation.type": operation,
        "messaging.destination.name": destination,
        **{name: value for name, value in optional.items() if value is not None},
    }
