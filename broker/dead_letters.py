"""Dead letters: messages that failed permanently, stored with the reason; can be read, replayed or dropped."""

from __future__ import annotations

import contextlib
import traceback
from dataclasses import dataclass
from datetime import UTC, datetime

import nats.js.errors
from dramatiq import Message
from dramatiq.errors import BrokerConnectionError, DecodeError
from dramatiq.logging import get_logger
from nats.js import JetStreamContext
from nats.js.api import RawStreamMsg

from .delivery import Delivery
from .errors import MessageTooLarge, transport
from .in_flight import ACK, InFlight
from .names import QueueNames
from .publisher import OutgoingMessage, PubAck, Publisher
from .streams import Streams
from .transport.clock import format_time, parse_time
from .transport.connection import Connection
from .transport.retry import retried

ERROR, ATTEMPTS, TIME = "Dead-Error", "Dead-Deliveries", "Dead-Time"
#: Maximum lengths of the error header, which is one line; the traceback is in the message's options. Characters.
LONGEST_ERROR, SHORT_ERROR = 1000, 100
PAUSE = 1.0


@dataclass(frozen=True)
class DeadLetter:
    """A dead letter, identified by its `sequence` in the queue; `message` is None if it cannot be decoded."""

    queue: str
    sequence: int
    payload: bytes
    message: Message[object] | None
    #: The exception that caused it, as "Type: text".
    error: str
    #: How often the message was run, including deliveries that were never settled.
    attempts: int
    died_at: datetime

    @property
    def name(self) -> str:
        """Its name for people: the queue and the sequence."""
        return f"{self.queue}/{self.sequence}"

    @property
    def call(self) -> str:
        """The call of the actor that the message stands for."""
        if self.message is None:
            return "(cannot be read)"
        return f"{self.message.actor_name}({', '.join(map(str, self.message.args))})"


class DeadLetters:
    """The dead letters of every queue of a namespace. All methods run on the broker's loop."""

    def __init__(
        self, connection: Connection, streams: Streams, publisher: Publisher, in_flight: InFlight
    ) -> None:
        self._connection = connection
        self._streams = streams
        self._publisher = publisher
        self._in_flight = in_flight
        self._logger = get_logger(__name__, type(self))

    async def dead_letter(self, names: QueueNames, delivery: Delivery, error: str, payload: bytes) -> None:
        """Stores the dead letter, then acks; until both are done, the message stays in flight or is
        redelivered."""
        letter = OutgoingMessage(
            names.dead,
            names.letter,
            payload,
            {
                "Nats-Msg-Id": delivery.identity,
                ERROR: error,
                ATTEMPTS: str(delivery.deliveries),
                TIME: format_time(datetime.now(UTC).timestamp()),
            },
        )
        try:
            await self._store(names, letter)
        except MessageTooLarge:
            if letter.payload is delivery.payload:
                raise
            # Its traceback made it too large; the original payload fits.
            letter.payload, letter.headers[ERROR] = delivery.payload, error[:SHORT_ERROR]
            await self._store(names, letter)
        self._in_flight.settle(delivery, ACK)

    async def _store(self, names: QueueNames, letter: OutgoingMessage) -> None:
        """Stores a dead letter, however long NATS is away: its message stays in flight."""

        async def attempt() -> PubAck:
            await self._streams.dead(names)
            return await self._publisher.publish(letter)

        def warn(error: Exception) -> None:
            self._logger.warning(
                "A dead letter of queue %r could not be stored because NATS is unavailable; retrying: %s",
                names.queue,
                error,
            )

        await retried(attempt, pause=PAUSE, passing=_is_away, before_pause=warn)

    async def read(self, names: QueueNames, *, after: int = 0, limit: int = 100) -> list[DeadLetter]:
        """Returns at most `limit` dead letters with a sequence above `after`, oldest first."""
        letters: list[DeadLetter] = []
        while len(letters) < limit:
            raw = await self._next(names, after + 1)
            if raw is None or raw.seq is None:
                break
            letters.append(dead_letter_of(names.queue, raw))
            after = raw.seq
        return letters

    async def replay(self, names: QueueNames, sequence: int) -> OutgoingMessage | None:
        """Returns the dead letter as a message to send again, its retries reset; None if it does not exist."""
        raw = await self._next(names, sequence)
        if raw is None or raw.seq != sequence:
            return None
        payload, level = raw.data or b"", 0
        with contextlib.suppress(DecodeError):
            message: Message[object] = Message.decode(payload)
            level = self._streams.options.level(message.options)
            for option in ("retries", "traceback", "requeue_timestamp", "eta"):
                message.options.pop(option, None)
            payload = message.copy(queue_name=names.queue).encode()
        return OutgoingMessage(names.box, names.new(level), payload, {"Nats-Msg-Id": f"{names.dead}-{sequence}"})

    async def drop(self, names: QueueNames, sequence: int) -> bool:
        """Deletes a dead letter; returns False if it does not exist."""
        raw = await self._next(names, sequence)
        if raw is None or raw.seq != sequence:
            return False
        client = await self._connection.connected()
        with transport():
            return await client.jetstream().delete_msg(names.dead, sequence)

    async def _next(self, names: QueueNames, sequence: int) -> RawStreamMsg | None:
        await self._streams.dead(names)
        client = await self._connection.connected()
        with transport():
            return await next_raw(client.jetstream(), names, sequence)


async def next_raw(js: JetStreamContext, names: QueueNames, sequence: int) -> RawStreamMsg | None:
    """Returns the raw dead letter of a queue with this sequence, or the next one; None if there is none."""
    try:
        return await js.get_msg(names.dead, seq=sequence, subject=names.letter, next=True)
    except nats.js.errors.NotFoundError:
        return None


async def newest_dead_letters(js: JetStreamContext, names: QueueNames, count: int) -> list[DeadLetter]:
    """Returns at most `count` of a queue's newest dead letters, oldest first, without a broker and its permissions."""
    try:
        state = (await js.stream_info(names.dead)).state
    except nats.js.errors.NotFoundError:
        return []
    letters: list[DeadLetter] = []
    sequence = max(1, state.first_seq, state.last_seq - count + 1)
    while (raw := await next_raw(js, names, sequence)) is not None:
        letters.append(dead_letter_of(names.queue, raw))
        sequence = letters[-1].sequence + 1
    return letters


def _is_away(error: BaseException) -> bool:
    return isinstance(error, BrokerConnectionError)


def describe(error: BaseException | None) -> str:
    """Returns an exception as one line of ASCII, cut to LONGEST_ERROR."""
    if error is None:
        return "failed"
    text = " ".join("".join(traceback.format_exception_only(error)).split())
    return text.encode("ascii", "backslashreplace").decode()[:LONGEST_ERROR]


def dead_letter_of(queue: str, raw: RawStreamMsg) -> DeadLetter:
    """Builds a DeadLetter from a raw message of a queue's dead-letter stream."""
    headers = raw.headers or {}
    payload = raw.data or b""
    message: Message[object] | None = None
    with contextlib.suppress(DecodeError):
        message = Message.decode(payload)
    retries = int(message.options.get("retries", 0)) if message else 0
    return DeadLetter(
        queue=queue,
        sequence=raw.seq or 0,
        payload=payload,
        message=message,
        error=headers.get(ERROR, ""),
        attempts=max(retries, int(headers.get(ATTEMPTS, "1"))),
        died_at=datetime.fromtimestamp(parse_time(headers[TIME]), UTC),
    )
