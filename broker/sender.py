"""How a message is stored: at once in its mailbox, or for later, and what happens when there is no room."""

from __future__ import annotations

import time
from hashlib import blake2b
from urllib.parse import quote

import nats.js.errors
from dramatiq import Message, get_encoder

from .clock import ServerClock, format_time
from .connection import Connection
from .errors import DelayTooLong, MailboxFull
from .mover import DUE
from .names import QueueNames
from .publisher import Letter, Publisher, Stored
from .room import Room
from .streams import Streams

#: The server counts nanoseconds since the epoch in 63 bits; beyond, its time is in the past. Seconds since the epoch.
LATEST_DUE = 2**63 / 1e9 - 86400
#: A shorter delay is none: the way through the schedule takes as long. Seconds.
SHORTEST_DELAY = 0.005


class Sender:
    """Makes letters of messages, and stores them. What waits runs on the broker's loop."""

    def __init__(self, connection: Connection, streams: Streams, publisher: Publisher, room: Room) -> None:
        self._connection = connection
        self._streams = streams
        self._publisher = publisher
        self._room = room
        self._clocks: dict[str, ServerClock] = {}

    def letter(self, names: QueueNames, message: Message[object]) -> Letter:
        """What is to be stored in the mailbox."""
        payload = message.encode()
        headers = {"Nats-Msg-Id": identify(message)}
        return Letter(names.box, names.new(self._level(message)), payload, headers, _grows(message))

    async def store(self, names: QueueNames, letter: Letter, wait: float) -> Stored:
        """Stores in the mailbox, waiting at most `wait` seconds for room. Raises MailboxFull."""
        await self._streams.box(names)
        try:
            return await self._publisher.publish(letter)
        except nats.js.errors.APIError as error:
            full = self.refusal(names, error)
        if wait <= 0:
            raise full
        deadline = time.monotonic() + wait
        async with self._room.turns[names.box]:
            while (remaining := deadline - time.monotonic()) > 0:
                try:
                    return await self._publisher.publish(letter)
                except nats.js.errors.APIError as error:
                    full = self.refusal(names, error)
                await self._room.wait(names, remaining)
        raise full

    async def store_many(self, letters: list[tuple[QueueNames, Letter]], wait: float) -> list[Exception | None]:
        """As `store`, for many together: what went wrong with each, or None."""
        for names in {names for names, _ in letters}:
            await self._streams.box(names)
        outcomes = await self._publisher.publish_many([letter for _, letter in letters])
        return [
            await self._settle_outcome(names, letter, outcome, wait)
            for (names, letter), outcome in zip(letters, outcomes, strict=True)
        ]

    async def _settle_outcome(
        self, names: QueueNames, letter: Letter, outcome: Stored | Exception, wait: float
    ) -> Exception | None:
        if isinstance(outcome, Stored):
            return None
        try:
            if not isinstance(outcome, nats.js.errors.APIError):
                return outcome
            if wait <= 0:
                return self.refusal(names, outcome)
            await self.store(names, letter, wait)
        except Exception as error:
            return error
        return None

    async def schedule(self, names: QueueNames, message: Message[object], due: float) -> Stored:
        """Stores until `due`, a moment of the monotonic clock that the server's is compared with. There is room.

        Raises DelayTooLong.
        """
        await self._streams.later(names)
        payload = message.encode()
        key = identify(message)
        subject = names.due(self._level(message))
        letter = Letter(names.later, subject, payload, {"Nats-Msg-Id": key}, _grows(message))
        if due - time.monotonic() >= SHORTEST_DELAY:
            at = await self._clock(names.later).at(due, await self._connection.connected())
            if at > LATEST_DUE:
                raise DelayTooLong(due - time.monotonic())
            if self._streams.has_schedules:
                letter.headers["Nats-Schedule"] = f"@at {format_time(at)}"
                letter.headers["Nats-Schedule-Target"] = letter.subject
                letter.subject = names.at(blake2b(key.encode(), digest_size=12).hexdigest())
            else:
                letter.headers[DUE] = f"{at:.6f}"
                letter.subject = names.at(self._level(message))
        return await self._publisher.publish(letter)

    def refusal(self, names: QueueNames, error: nats.js.errors.APIError) -> MailboxFull:
        """The server's answer for a full stream as MailboxFull; raises anything else."""
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


def _grows(message: Message[object]) -> bool:
    """Whether it has not failed yet; a retry has its traceback already."""
    return "retries" not in message.options


def identify(message: Message[object]) -> str:
    """The `Nats-Msg-Id`: the message's id, and its options, by which its retries, etas and group runs differ.

    So the same message sent again is stored once, and a message that Dramatiq enqueues anew is never lost.
    """
    identity = quote(message.message_id, safe="")
    if message.options:
        identity += f"-{blake2b(get_encoder().encode(message.options), digest_size=9).hexdigest()}"
    return identity
