"""A Dramatiq broker on NATS JetStream, and the distributed parts that need nothing but NATS.

Theory of operation. A queue `q` of a namespace `n` is three streams on the server, made on first use:

- `n_q_box`: what is ready or in flight. A work queue: a message stays until it is acked, so the stream's bound, which
  the server applies atomically, is the bound of the mailbox. Subjects `n.q.new.<priority>`.
- `n_q_later`: what was delayed or is to be retried. Each message waits on a subject of its own (`n.q.at.<key>`); at
  its time, by its own clock, the server moves it to `n.q.due.<priority>`. Unbounded: what is here was admitted once.
- `n_q_dead`: dead letters, with the reason, for `dead_letter_ttl`. Subject `n.q.dead`.

Each process has one thread with one event loop and one connection on it; other threads hand work over, many pieces
for one wake-up. A worker pulls from the durable consumers `due-<priority>` and `new-<priority>`, which all workers
share, never holding more than its prefetch. What it holds is kept alive by progress messages, three in each `ack_wait`;
when the process dies they stop, and the message is delivered again. A failed message is acked only after its dead
letter was stored. A stopping worker gives back at once what it has not begun. A server older than 2.12 does not move
delayed messages by itself: they wait at a durable `waiting`, and workers move them on.

Promised: at least once. A message leaves the server only when it was acked or is a dead letter. An ack or a publish
that a cut connection may have swallowed is repeated; a publish carries a `Nats-Msg-Id`, so it is stored once. When a
retry or a pipeline's next step cannot be stored, its message is not acked but delivered again (Dramatiq's worker alone
would lose it). A message that is delivered more than `max_deliver` times becomes a dead letter without being run.

Not promised: exactly once. A process that was stopped (SIGSTOP) or cut off for longer than `ack_wait` does not know
that its message went to another, so actors must bear being run twice. Nor order: retries and redeliveries overtake.
And an ack of the server means what its `sync_interval` says: see README.md beside this file.
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
