"""The broker of every process: the same namespace, mailboxes and middleware for all."""

from __future__ import annotations

from dramatiq.middleware import Retries, TimeLimit

from actors.runtime.nats_options import connect_options, servers
from actors.settings import Settings
from broker import NatsBroker

#: Tries of a message that fails for a reason of our own, with a backoff from half a second to half a minute.
MAX_RETRIES = 12
MIN_BACKOFF_MS, MAX_BACKOFF_MS = 500, 30_000

#: How long a sender waits for room in a full mailbox, in seconds: less than a claim's limit
#: (`Limits.date_silent_after`), after which a Coordinator sends a date again.
MAILBOX_WAIT = 4.0


def build_broker(settings: Settings) -> NatsBroker:
    """The broker, which connects on first use. Raises `SettingsError` if `NATS_URL` is not set."""
    return NatsBroker(
        servers(settings.need_nats_url()),
        namespace=settings.subject_prefix,
        mailbox_size=settings.mailbox_sizes(),
        mailbox_wait=MAILBOX_WAIT,
        ack_wait=settings.ack_wait_ms / 1000,
        replicas=settings.nats_replicas,
        connect_options=connect_options(settings),
        middleware=[
            TimeLimit(),
            Retries(max_retries=MAX_RETRIES, min_backoff=MIN_BACKOFF_MS, max_backoff=MAX_BACKOFF_MS),
        ],
    )
