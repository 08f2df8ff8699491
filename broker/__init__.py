"""A Dramatiq broker on NATS JetStream."""

from .broker import NatsBroker
from .dead import DeadLetter
from .errors import CircuitOpen, DeclarationRefused, DeliveriesExhausted, LeaseLost, MailboxFull, MessageTooLarge
from .loop_actors import LoopActors
from .mailbox import Mailbox

__all__ = [
    "CircuitOpen",
    "DeadLetter",
    "DeclarationRefused",
    "DeliveriesExhausted",
    "LeaseLost",
    "LoopActors",
    "Mailbox",
    "MailboxFull",
    "MessageTooLarge",
    "NatsBroker",
]
