"""A Dramatiq broker on NATS JetStream, and distributed primitives that need only NATS.

Theory of operation. A queue `q` of a namespace `n` is three streams on the server, created on first use:

- `n_q_box`: messages that are ready or in flight. It is a work queue: a message stays until it is acked. The
  server applies the stream's limit atomically, so this limit is the limit of the mailbox. Subjects
  `n.q.new.<priority>`.
- `n_q_later`: messages that are delayed or will be retried. Each waits on its own subject (`n.q.at.<key>`); when
  it is due by the server's clock, the server moves it to `n.q.due.<priority>`. No limit: its messages were already
  admitted once.
- `n_q_dead`: dead letters with the reason, kept for `dead_letter_ttl`. Subject `n.q.dead`.

Each process has one thread with one event loop and one connection. Other threads submit work to the loop in
batches: many items cost one wake-up. A worker pulls from the durable consumers `due-<priority>` and
`new-<priority>`, which all workers share, and never holds more messages than its prefetch. The process keeps its
messages alive with three progress messages per `ack_wait`; when it dies, these stop and the server redelivers. A
failed message is acked only after its dead letter is stored. A stopping worker immediately gives back the messages
that it has not started. A server older than 2.12 does not move delayed messages: they wait at a durable consumer
`waiting`, and workers move them.

Guaranteed: at-least-once delivery. A message leaves the server only when it is acked or becomes a dead letter. The
broker repeats an ack or a publish that a broken connection may have lost; a publish carries a `Nats-Msg-Id`, so
the server stores it once. When a retry or a pipeline's next step cannot be stored, its message is not acked but
redelivered (Dramatiq's worker alone would lose it). A message that is delivered more than `max_deliver` times
becomes a dead letter without being run.

Not guaranteed: exactly-once delivery. A process that was stopped (SIGSTOP) or disconnected for longer than
`ack_wait` does not know that its message was redelivered, so actors must be idempotent. Order is not guaranteed:
retries and redeliveries overtake other messages. How durable an acknowledged publish is depends on the server's
`sync_interval`: see README.md in this folder.
"""

from .broker import NatsBroker
from .dead_letters import DeadLetter
from .errors import (
    CircuitOpen,
    DeclarationRefused,
    DelayTooLong,
    DeliveriesExhausted,
    LeaseLost,
    MailboxFull,
    MessageTooLarge,
    StorageFull,
)
from .loop_actors import LoopActors
from .mailbox import Mailbox
from .primitives.circuit_breaker import CircuitBreaker
from .primitives.lease import Lease
from .primitives.token_bucket import TokenBucket
from .rate_limits import NatsRateLimiterBackend
from .results import NatsResultBackend

__all__ = [
    "CircuitBreaker",
    "CircuitOpen",
    "DeadLetter",
    "DeclarationRefused",
    "DelayTooLong",
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
    "StorageFull",
    "TokenBucket",
]
