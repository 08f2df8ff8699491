"""What each role may say and hear, within its account."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from actors.dispatcher import QUEUES
from actors.messages import Subjects
from broker.names import QueueNames

#: Of the commands, what a client of a clinic may use. Held removals are for a person who runs this to decide.
CLIENT_VERBS = ("sync", "cancel", "status", "events", "plan", "overview")

#: Of the commands, those that change nothing.
READING_VERBS = ("status", "events", "plan", "overview")

#: Of the commands, those that only the role of gateways and workers may use.
OPERATORS_VERBS = ("approve", "reject")

#: Where every NATS client awaits its answers, unless it was told otherwise.
INBOX = "_INBOX.>"

#: Where an answer goes that is awaited in another account.
FOREIGN_INBOX = "_R_.>"

#: JetStream's own answers about what there is. `DIRECT.GET` and `MSG.GET` read a message and leave it where it is.
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
    """Everything else is refused."""

    publish: tuple[str, ...]
    subscribe: tuple[str, ...]


def client(subjects: Subjects, clinic: str) -> Permissions:
    """Of one clinic: it may ask, cancel and read."""
    return Permissions(
        publish=tuple(subjects.command(verb, clinic) for verb in CLIENT_VERBS),
        subscribe=(*events_of(subjects, clinic), INBOX),
    )


def ops(subjects: Subjects) -> Permissions:
    """It may hear everything, and ask what changes nothing."""
    return Permissions(
        publish=(*(subjects.command(verb) for verb in READING_VERBS), *JETSTREAM_READING, "$SRV.>"),
        subscribe=(everything(subjects), INBOX),
    )


def worker(subjects: Subjects) -> Permissions:
    """Of gateways and workers: their streams, made and used, but not deleted or purged."""
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
    """Where something is told about a clinic."""
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
    """The schedules of the clinics, all of which can be derived again, so they may be purged; their ticks come from
    the server alone."""
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
    # The two forms of an ack: with the newer one, the domain and the account stand before the stream.
    yield f"$JS.ACK.{stream}.>"
    yield f"$JS.ACK.*.*.{stream}.>"
    yield f"$JS.FC.{stream}.>"
