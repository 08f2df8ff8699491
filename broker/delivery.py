"""One delivery of a message: what the server says about it, and the proxy that the worker gets."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from dramatiq import Message, MessageProxy

from .transport.client import read_headers


@dataclass(eq=False, slots=True, weakref_slot=True)
class Delivery:
    """What is needed to settle a message, from any connection and at any time."""

    reply: str
    stream: str
    durable: str
    sequence: int
    #: When the server stored the message: nanoseconds since the epoch, as it writes them.
    stored: str
    #: How often the message was delivered, this time included.
    deliveries: int
    #: How many more messages wait at the same durable consumer.
    behind: int
    subject: str
    payload: bytes
    raw_headers: bytes | None = None
    #: Gives its place back to the consumer that delivered it.
    release: Callable[[Delivery], None] | None = None
    #: A follow-up of the message (a retry, a pipeline's next step) could not be stored: it must not be acked.
    unfinished: bool = False
    #: The worker has acked, nacked or requeued it: whatever it says after that changes nothing.
    is_settled: bool = False

    @classmethod
    def read(cls, subject: bytes, reply: bytes, payload: bytes, headers: bytes | None) -> Delivery:
        """Reads `$JS.ACK.[domain.account.]stream.consumer.deliveries.sequence.….stored.behind[.…]`."""
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
        """The same in each delivery of a message; another one's, where a stream was made anew and counts from 1."""
        return f"{self.stream}-{self.sequence}-{self.stored}"

    @property
    def headers(self) -> dict[str, str]:
        """Read when they are asked for, which is seldom."""
        return read_headers(self.raw_headers)


class NatsMessage(MessageProxy):
    """A message as the worker sees it, with its delivery."""

    def __init__(self, message: Message[object], delivery: Delivery) -> None:
        super().__init__(message)
        self.delivery = delivery
        self.exhausted = False
