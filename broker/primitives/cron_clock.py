"""Cron schedules that run on the NATS server, one per key; JetStream keeps them, so no process is needed.

A schedule is a message on `<prefix>.schedule.<key>.<digest of its text>`. When it is due, the server stores a tick
on `<prefix>.due.<key>`. The tick waits there, even if no process runs, until a user of the shared durable consumer
takes it. The stream holds one message per subject, so untaken ticks of a key collapse into the newest. The digest
is part of the subject, so that the existing subjects alone can be compared with the wanted schedules.

Times are whole seconds of the server's clock. Ticks missed while the server was down become one tick when it is
back. A time skipped by the change to summer time does not tick; a time that occurs twice in autumn ticks twice.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime

import nats.js.errors
from dramatiq.errors import ConnectionClosed
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.js import JetStreamContext
from nats.js.api import AckPolicy, ConsumerConfig, DiscardPolicy, RetentionPolicy, StorageType, StreamConfig

from ..errors import DeclarationRefused, transport
from ..transport.client import cancellable
from .declare import declare_consumer, declare_stream, version_of

#: The first server that repeats schedules and supports time zones.
OLDEST_SERVER = (2, 14)
#: The durable consumer that all takers share.
DURABLE = "ticks"
#: How long a request for a tick stays open, and so how long until a request that the server lost is noticed.
#: Seconds.
EXPIRES = 5.0

SCHEDULE, TARGET, TIME_ZONE = "Nats-Schedule", "Nats-Schedule-Target", "Nats-Schedule-Time-Zone"
#: Error codes: the server refuses the schedule's text, or does not know the time zone.
_REFUSED = (10189, 10223)


class ScheduleRefused(DeclarationRefused):
    """The server does not accept a schedule."""


def can_keep_schedules(client: Client) -> bool:
    """Whether the connected server is new enough to keep schedules."""
    return version_of(client) >= OLDEST_SERVER


@dataclass(frozen=True, slots=True)
class Schedule:
    """A schedule. `key` is one token of a subject, `cron` has six fields (seconds first), `timezone` is an IANA
    name."""

    key: str
    cron: str
    timezone: str

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[A-Za-z0-9_-]+", self.key):
            raise ValueError(f"{self.key!r} is not a valid schedule key: use letters, digits, '-' and '_'")

    @property
    def token(self) -> str:
        digest = hashlib.sha256(f"{self.cron}\n{self.timezone}".encode()).hexdigest()
        return f"{self.key}.{digest[:16]}"


@dataclass(frozen=True, slots=True)
class Tick:
    """A due schedule. `at` is when the server stored the tick; it is the same when the tick is redelivered."""

    key: str
    at: datetime
    #: How often it was delivered, including this time.
    deliveries: int
    _message: Msg = field(repr=False)

    async def ack(self) -> None:
        """Acks the tick. Raises `BrokerConnectionError`; then the server redelivers it."""
        with transport():
            await self._message.ack_sync(timeout=5)

    async def retry(self, delay: float) -> None:
        """Makes the server redeliver the tick in `delay` seconds, unless a newer one replaces it."""
        with transport():
            await self._message.nak(delay=delay)


class CronClock:
    """The schedules of one stream. Every method raises `BrokerConnectionError` when the server cannot be reached."""

    def __init__(
        self,
        client: Callable[[], Awaitable[Client]],
        stream: str,
        prefix: str,
        *,
        replicas: int = 1,
        ack_wait: float = 30.0,
    ) -> None:
        """`ack_wait` (seconds) is how long a taker may hold a tick before the server redelivers it."""
        self.client = client
        self._prefix = prefix
        self.stream = stream
        self._config = StreamConfig(
            name=stream,
            subjects=[f"{prefix}.schedule.*.*", f"{prefix}.due.*"],
            # An acked tick is deleted; a schedule stays, because no consumer takes it.
            retention=RetentionPolicy.WORK_QUEUE,
            discard=DiscardPolicy.OLD,
            max_msgs_per_subject=1,
            allow_msg_schedules=True,
            allow_rollup_hdrs=True,
            storage=StorageType.FILE,
            num_replicas=replicas,
        )
        self._consumer = ConsumerConfig(
            durable_name=DURABLE,
            filter_subject=f"{prefix}.due.*",
            ack_policy=AckPolicy.EXPLICIT,
            ack_wait=ack_wait,
            max_deliver=-1,
        )

    async def declare(self) -> None:
        """Creates or updates the stream and its consumer. Raises `DeclarationRefused`."""
        client = await self.client()
        if not can_keep_schedules(client):
            oldest = ".".join(map(str, OLDEST_SERVER))
            raise DeclarationRefused(
                f"nats-server {client.connected_server_version} does not support message schedules: "
                f"update it to {oldest} or newer."
            )
        js = client.jetstream()
        await declare_stream(js, self._config)
        await declare_consumer(js, self.stream, self._consumer)

    async def there(self) -> set[str] | None:
        """Returns the tokens of the stored schedules; None if the stream or its consumer does not exist."""
        js = (await self.client()).jetstream()
        prefix = f"{self._prefix}.schedule."
        with transport():
            try:
                await js.consumer_info(self.stream, DURABLE)
                info = await js.stream_info(self.stream, subjects_filter=f"{prefix}>")
            except nats.js.errors.NotFoundError:
                return None
        return {subject.removeprefix(prefix) for subject in info.state.subjects or {}}

    async def drop(self, tokens: Iterable[str]) -> None:
        """Deletes these schedules."""
        js = (await self.client()).jetstream()
        for token in tokens:
            with transport():
                await js.purge_stream(self.stream, subject=f"{self._prefix}.schedule.{token}")

    async def put(self, schedule: Schedule) -> None:
        """Stores a schedule. Raises `ScheduleRefused` if the server does not accept it."""
        js = (await self.client()).jetstream()
        headers = {
            SCHEDULE: schedule.cron,
            TIME_ZONE: schedule.timezone,
            TARGET: f"{self._prefix}.due.{schedule.key}",
        }
        with transport():
            try:
                await js.publish(
                    f"{self._prefix}.schedule.{schedule.token}", b"", stream=self.stream, headers=headers
                )
            except nats.js.errors.APIError as error:
                if error.err_code not in _REFUSED:
                    raise
                raise ScheduleRefused(
                    f"nats-server does not accept {schedule.cron!r} in {schedule.timezone!r}: "
                    f"{error.description}. Check that its machine has the time zones (the package tzdata)."
                ) from error

    async def ticks(self) -> TickSource:
        """Returns a source of ticks for one taker."""
        js = (await self.client()).jetstream()
        with transport():
            return TickSource(
                js, await js.pull_subscribe_bind(DURABLE, stream=self.stream), f"{self._prefix}.due."
            )


class TickSource:
    """Takes ticks one at a time."""

    def __init__(self, js: JetStreamContext, subscription: JetStreamContext.PullSubscription, prefix: str) -> None:
        self._js = js
        self._subscription = subscription
        self._prefix = prefix

    async def take(self) -> Tick | None:
        """Returns the next tick, or None if there was none within EXPIRES. Raises `BrokerConnectionError`."""
        with transport():
            try:
                (message,) = await cancellable(self._subscription.fetch(1, timeout=EXPIRES))
            except TimeoutError:
                return None
            except nats.js.errors.APIError as error:  # the stream has no leader, or was lost
                raise ConnectionClosed(f"The ticks cannot be read: {error.description or error}") from error
        metadata = message.metadata
        return Tick(
            key=message.subject.removeprefix(self._prefix),
            at=metadata.timestamp.astimezone(UTC),
            deliveries=metadata.num_delivered or 1,
            _message=message,
        )

    async def close(self) -> None:
        with transport():
            await self._subscription.unsubscribe()
