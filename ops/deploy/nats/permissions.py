"""The subjects that each role may publish and subscribe to, within its account."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from actors.messages import Subjects
from actors.queues import QUEUES
from broker.names import QueueNames

#: The commands that a client of a clinic may use. Decisions on held removals are left to operators.
CLIENT_VERBS = ("sync", "cancel", "status", "events", "plan", "overview", "free", "why", "snapshot", "changes")

#: The commands that change nothing.
READING_VERBS = ("status", "events", "plan", "overview", "free", "why", "snapshot", "changes")

#: The commands that only the role of gateways and workers may use.
OPERATORS_VERBS = ("approve", "reject")

#: The default reply subjects of every NATS client.
INBOX = "_INBOX.>"

#: The reply subjects of requests from another account.
FOREIGN_INBOX = "_R_.>"

#: JetStream's read-only API. `DIRECT.GET` and `MSG.GET` read a message without removing it.
JETSTREAM_READING = (
    "$JS.API.INFO",
    "$JS.API.STREAM.NAMES",
    "$JS.API.STREAM.LIST",
    "$JS.API.STREAM.INFO.*",
    "$JS.API.STREAM.MSG.GET.*",
    "$JS.API.DIRECT.GET.*",
    "$JS.API.DIRECT.GET.*.>",
    "$JS.API.CONSUMER.NAMES.*",
    "$JS.API.CONSUMER.LIST.*",
    "$JS.API.CONSUMER.INFO.*.*",
)


@dataclass(frozen=True, slots=True)
class Permissions:
    """The subjects that a role may use; all others are refused."""

    publish: tuple[str, ...]
    subscribe: tuple[str, ...]


def client(subjects: Subjects, clinic: str) -> Permissions:
    """Returns the permissions of a clinic's client: request, cancel and read."""
    return Permissions(
        publish=tuple(subjects.command(verb, clinic) for verb in CLIENT_VERBS),
        subscribe=(*events_of(subjects, clinic), INBOX),
    )


def ops(subjects: Subjects) -> Permissions:
    """Returns the permissions of operators: subscribe to everything, and send requests that change nothing."""
    return Permissions(
        publish=(*(subjects.command(verb) for verb in READING_VERBS), *JETSTREAM_READING, "$SRV.>"),
        subscribe=(everything(subjects), INBOX),
    )


def worker(subjects: Subjects) -> Permissions:
    """Returns the permissions of gateways and workers: create and use their streams, but not delete or purge
    them."""
    queues = [QueueNames(subjects.prefix, queue) for queue in QUEUES]
    buckets = (subjects.limits_bucket, subjects.leases_bucket)
    keys = [f"$KV.{bucket}.>" for bucket in buckets]
    talk = [f"{subjects.prefix}.{queue.queue}.>" for queue in queues]
    return Permissions(
        publish=(
            *(subjects.events, subjects.stop(), subjects.command("*"), INBOX, FOREIGN_INBOX, "$SRV.>"),
            *(*talk, *keys, "$JS.API.INFO", "$JS.API.STREAM.NAMES"),
            *(right for queue in queues for right in _queue(queue)),
            *(right for bucket in buckets for right in _reading(f"KV_{bucket}")),
            *_stream(subjects.event_stream),
            *_consuming(subjects.event_stream),
            *_clock(subjects),
        ),
        subscribe=(
            *(subjects.events, subjects.stop(), subjects.command("*"), INBOX, "$SRV.>"),
            *(subject for queue in queues for subject in (queue.capacity, queue.waiting)),
            *keys,
        ),
    )


def events_of(subjects: Subjects, clinic: str) -> tuple[str, ...]:
    """Returns the subjects of a clinic's events."""
    return f"{subjects.prefix}.evt.*.{clinic}.>", subjects.rejected(clinic)


def everything(subjects: Subjects) -> str:
    return f"{subjects.prefix}.>"


def _queue(names: QueueNames) -> Iterator[str]:
    for stream in (names.box, names.later):
        yield from _stream(stream)
        yield from _consuming(stream)
    yield from _reading(names.dead)
    yield f"$JS.API.STREAM.MSG.DELETE.{names.dead}"


def _clock(subjects: Subjects) -> Iterator[str]:
    """Yields the subjects of the clinics' schedules. They may be purged, because they can be derived again. Only
    the server publishes their ticks."""
    yield f"{subjects.prefix}.schedule.>"
    yield from _stream(subjects.schedule_stream)
    yield from _consuming(subjects.schedule_stream)
    yield f"$JS.API.STREAM.PURGE.{subjects.schedule_stream}"


def _stream(name: str) -> Iterator[str]:
    yield from (f"$JS.API.STREAM.{verb}.{name}" for verb in ("CREATE", "UPDATE", "INFO"))


def _reading(name: str) -> Iterator[str]:
    yield from _stream(name)
    yield f"$JS.API.STREAM.MSG.GET.{name}"


def _consuming(stream: str) -> Iterator[str]:
    yield f"$JS.API.CONSUMER.CREATE.{stream}"
    yield f"$JS.API.CONSUMER.CREATE.{stream}.>"
    yield f"$JS.API.CONSUMER.DURABLE.CREATE.{stream}.*"
    yield f"$JS.API.CONSUMER.INFO.{stream}.*"
    yield f"$JS.API.CONSUMER.MSG.NEXT.{stream}.*"
    # The two forms of an ack subject: in the newer one, domain and account precede the stream.
    yield f"$JS.ACK.{stream}.>"
    yield f"$JS.ACK.*.*.{stream}.>"
    yield f"$JS.FC.{stream}.>"
