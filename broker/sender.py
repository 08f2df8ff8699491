"""Stores messages in their mailbox or with a delay, and waits or raises when the mailbox is full."""

from __future__ import annotations

import time
from hashlib import blake2b
from urllib.parse import quote

import nats.js.errors
from dramatiq import Message, get_encoder

from .backpressure import CapacitySignal
from .delayed_message_mover import DUE
from .errors import DelayTooLong, MailboxFull
from .names import QueueNames
from .publisher import OutgoingMessage, PubAck, Publisher
from .streams import Streams
from .transport.clock import ServerClock, format_time
from .transport.connection import Connection

#: The latest due time: the server counts nanoseconds since the epoch in 63 bits, and later times overflow into the
#: past. Seconds since the epoch.
LATEST_DUE = 2**63 / 1e9 - 86400
#: A shorter delay is ignored: scheduling takes as long. Seconds.
SHORTEST_DELAY = 0.005


class Sender:
    """Converts messages to outgoing messages and stores them. Its coroutines run on the broker's loop."""

    def __init__(
        self, connection: Connection, streams: Streams, publisher: Publisher, capacity: CapacitySignal
    ) -> None:
        self._connection = connection
        self._streams = streams
        self._publisher = publisher
        self._capacity = capacity
        self._clocks: dict[str, ServerClock] = {}

    def outgoing(self, names: QueueNames, message: Message[object]) -> OutgoingMessage:
        """Returns the outgoing message for the mailbox."""
        payload = message.encode()
        headers = {"Nats-Msg-Id": identify(message)}
        return OutgoingMessage(
            names.box, names.new(self._level(message)), payload, headers, _needs_headroom(message)
        )

    async def store(self, names: QueueNames, outgoing: OutgoingMessage, wait: float) -> PubAck:
        """Stores a message in its mailbox, waiting at most `wait` seconds for room. Raises MailboxFull."""
        await self._streams.box(names)
        try:
            return await self._publisher.publish(outgoing)
        except nats.js.errors.APIError as error:
            full = self.refusal(names, error)
        if wait <= 0:
            raise full
        deadline = time.monotonic() + wait
        async with self._capacity.turns[names.box]:
            while (remaining := deadline - time.monotonic()) > 0:
                try:
                    return await self._publisher.publish(outgoing)
                except nats.js.errors.APIError as error:
                    full = self.refusal(names, error)
                await self._capacity.wait(names, remaining)
        raise full

    async def store_many(
        self, outgoing_messages: list[tuple[QueueNames, OutgoingMessage]], wait: float
    ) -> list[Exception | None]:
        """As `store`, for many messages; returns the error of each, or None."""
        for names in {names for names, _ in outgoing_messages}:
            await self._streams.box(names)
        outcomes = await self._publisher.publish_many([outgoing for _, outgoing in outgoing_messages])
        return [
            await self._settle_outcome(names, outgoing, outcome, wait)
            for (names, outgoing), outcome in zip(outgoing_messages, outcomes, strict=True)
        ]

    async def _settle_outcome(
        self, names: QueueNames, outgoing: OutgoingMessage, outcome: PubAck | Exception, wait: float
    ) -> Exception | None:
        if isinstance(outcome, PubAck):
            return None
        try:
            if not isinstance(outcome, nats.js.errors.APIError):
                return outcome
            if wait <= 0:
                return self.refusal(names, outcome)
            await self.store(names, outgoing, wait)
        except Exception as error:
            return error
        return None

    async def schedule(self, names: QueueNames, message: Message[object], due: float) -> PubAck:
        """Stores a message that becomes due at `due`, a time of the local monotonic clock. There is no limit.

        Raises DelayTooLong.
        """
        await self._streams.later(names)
        payload = message.encode()
        key = identify(message)
        subject = names.due(self._level(message))
        outgoing = OutgoingMessage(names.later, subject, payload, {"Nats-Msg-Id": key}, _needs_headroom(message))
        if due - time.monotonic() >= SHORTEST_DELAY:
            at = await self._clock(names.later).at(due, await self._connection.connected())
            if at > LATEST_DUE:
                raise DelayTooLong(due - time.monotonic())
            if self._streams.has_schedules:
                outgoing.headers["Nats-Schedule"] = f"@at {format_time(at)}"
                outgoing.headers["Nats-Schedule-Target"] = outgoing.subject
                outgoing.subject = names.at(blake2b(key.encode(), digest_size=12).hexdigest())
            else:
                outgoing.headers[DUE] = f"{at:.6f}"
                outgoing.subject = names.at(self._level(message))
        return await self._publisher.publish(outgoing)

    def refusal(self, names: QueueNames, error: nats.js.errors.APIError) -> MailboxFull:
        """Returns MailboxFull for the server's error for a full stream; raises any other error."""
        description = error.description or ""
        options = self._streams.options
        if error.err_code == 10077 and "bytes" in description:
            limit = options.limit_bytes(names.queue) or 0
            return MailboxFull(names.queue, limit, limit, "bytes")
        if error.err_code == 10077 and "maximum" in description:
            limit = options.limit(names.queue) or 0
            return MailboxFull(names.queue, limit, limit)
        raise error

    def _level(self, message: Message[object]) -> int:
        return self._streams.options.level(message.options)

    def _clock(self, stream: str) -> ServerClock:
        return self._clocks.setdefault(stream, ServerClock(stream))


def _needs_headroom(message: Message[object]) -> bool:
    """Whether the message has not failed yet; a retry already contains its traceback."""
    return "retries" not in message.options


def identify(message: Message[object]) -> str:
    """Returns the `Nats-Msg-Id`: the message's id and a digest of its options, which differ by retry, eta and
    group.

    So a message that is sent again is stored once, and one that Dramatiq enqueues with other options is never
    lost.
    """
    identity = quote(message.message_id, safe="")
    if message.options:
        identity += f"-{blake2b(get_encoder().encode(message.options), digest_size=9).hexdigest()}"
    return identity
