"""Reads dead letters from their streams without removing them."""

from __future__ import annotations

from typing import Any

from nats.aio.client import Client
from nats.js.errors import NotFoundError

from actors.dispatcher import QUEUES
from actors.messages import Subjects
from broker.dead_letters import dead_letter_of
from broker.names import QueueNames

#: How many of the newest dead letters of each queue are read.
NEWEST = 50


async def read_letters(client: Client, subjects: Subjects) -> list[dict[str, Any]]:
    """Returns the newest dead letters of each queue: `letter`, `call`, `died_at`, `attempts`, `error`."""
    return [letter for queue in QUEUES for letter in await _of(client, QueueNames(subjects.prefix, queue))]


async def _of(client: Client, names: QueueNames) -> list[dict[str, Any]]:
    stream = client.jetstream()
    found: list[dict[str, Any]] = []
    try:
        state = (await stream.stream_info(names.dead)).state
        after = max(1, state.first_seq, state.last_seq - NEWEST + 1)
        while True:
            raw = await stream.get_msg(names.dead, seq=after, subject=names.letter, next=True)
            letter = dead_letter_of(names.queue, raw)
            call = "(cannot be read)"
            if letter.message is not None:
                call = f"{letter.message.actor_name}({', '.join(map(str, letter.message.args))})"
            found.append(
                {
                    "letter": f"{letter.queue}/{letter.sequence}",
                    "call": call,
                    "died_at": letter.died_at,
                    "attempts": letter.attempts,
                    "error": letter.error,
                }
            )
            after = letter.sequence + 1
    except NotFoundError:
        return found
