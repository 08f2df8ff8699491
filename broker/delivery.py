"""One delivery of a message: the server's metadata, and the proxy that the worker receives."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from dramatiq import Message, MessageProxy

from .transport.client import read_headers


@dataclass(eq=False, slots=True, weakref_slot=True)
class Delivery:
    """The data needed to settle a message from any connection at any time."""

    reply: str
    stream: str
    durable: str
    sequence: int
    #: When the server stored the message: nanoseconds since the epoch, as the server writes them.
    stored: str
    #: How often the message was delivered, including this time.
    deliveries: int
    #: How many more messages wait at the same durable consumer.
    behind: int
    subject: str
    payload: bytes
    raw_headers: bytes | None = None
    #: Frees its slot at the consumer that received it.
    release: Callable[[Delivery], None] | None = None
    #: A follow-up of the message (a retry, a pipeline's next step) could not be stored: it must not be acked.
    unfinished: bool = False
    #: The worker has acked, nacked or requeued it: later calls have no effect.
    is_settled: bool = False

    @classmethod
    def read(cls, subject: bytes, reply: bytes, payload: bytes, headers: bytes | None) -> Delivery:
        """Parses `$JS.ACK.[domain.account.]stream.consumer.deliveries.sequence.….stored.behind[.…]`."""
        text = reply.decode()
        tokens = text.split(".")
        first = 2 if len(tokens) == 9 else 4
        return cls(
            reply=text,
            stream=tokens[first],
            sequence=int(tokens[first + 3]),
            stored=tokens[first + 5],
            deliveries=int(tokens[first + 2]),
            behind=int(tokens[first + 6]),
            durable=tokens[first + 1],
            subject=subject.decode(),
            payload=payload,
            raw_headers=headers,
        )

    @property
    def identity(self) -> str:
        """An id that all deliveries of a message share; unique also if a stream is recreated and counts from 1
        again."""
        return f"{self.stream}-{self.sequence}-{self.stored}"

    @property
    def headers(self) -> dict[str, str]:
        """The message's headers, parsed on each access because few callers need them."""
        return read_headers(self.raw_headers)


class NatsMessage(MessageProxy):
    """A message as the worker sees it, with its delivery."""

    def __init__(self, message: Message[object], delivery: Delivery) -> None:
        super().__init__(message)
        self.delivery = delivery
        self.exhausted = False
