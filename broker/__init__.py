"""A Dramatiq broker on NATS JetStream."""

from .broker import NatsBroker
from .circuit_breaker import CircuitBreaker
from .dead import DeadLetter
from .errors import CircuitOpen, DeclarationRefused, DeliveriesExhausted, LeaseLost, MailboxFull, MessageTooLarge
from .lease import Lease
from .loop_actors import LoopActors
from .mailbox import Mailbox
from .rate_limits import NatsRateLimiterBackend
from .results import NatsResultBackend
from .token_bucket import TokenBucket

__all__ = [
    "CircuitBreaker",
    "CircuitOpen",
    "DeadLetter",
    "DeclarationRefused",
    "DeliveriesExhausted",
    "Lease",
    "LeaseLost",
    "LoopActors",
    "Mailbox",
    "MailboxFull",
    "MessageTooLarge",
    "NatsBroker",
    "NatsRateLimiterBackend",
    "NatsResultBackend",
    "TokenBucket",
]
