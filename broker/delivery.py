"""One delivery of a message: what the server says about it, and the proxy that the worker gets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from dramatiq import Message, MessageProxy
from nats.aio.msg import Msg

if TYPE_CHECKING:
    from .intake import Intake


@dataclass(eq=False, slots=True, weakref_slot=True)
class Delivery:
    """What is needed to settle a message, from any connection and at any time."""

    reply: str
    stream: str
    sequence: int
    #: How often the message was delivered, this time included.
    deliveries: int
    #: How many more messages wait at the same durable consumer.
    behind: int
    subject: str
    payload: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    intake: Intake | None = None
    #: A follow-up of the message (a retry, a pipeline's next step) could not be stored: it must not be acked.
    unfinished: bool = False

    @classmethod
    def read(cls, message: Msg) -> Delivery:
        """Reads `$JS.ACK.[domain.account.]stream.consumer.deliveries.sequence.….….behind[.…]`."""
        tokens = message.reply.split(".")
        first = 2 if len(tokens) == 9 else 4
        return cls(
            reply=message.reply,
            stream=tokens[first],
            sequence=int(tokens[first + 3]),
            deliveries=int(tokens[first + 2]),
            behind=int(tokens[first + 6]),
            subject=message.subject,
            payload=message.data,
            headers=message.headers or {},
        )


class NatsMessage(MessageProxy):
    """A message as the worker sees it, with its delivery."""

    def __init__(self, message: Message[object], delivery: Delivery) -> None:
        super().__init__(message)
        self.delivery = delivery
        self.exhausted = False
