"""What spares the portal, shared by all machines: one token bucket and one circuit breaker for each portal."""

from __future__ import annotations

from urllib.parse import urlsplit

from nats.aio.client import Client

from actors.messages import Subjects
from actors.settings import Settings
from broker import CircuitBreaker, TokenBucket


def portal_bucket(settings: Settings, client: Client) -> TokenBucket:
    return TokenBucket(
        client,
        bucket=_bucket(settings),
        key=f"budget.{portal_key(settings)}",
        rate=settings.idexx_rate_limit,
        burst=settings.rate_burst,
        replicas=settings.nats_replicas,
    )


def portal_breaker(settings: Settings, client: Client) -> CircuitBreaker:
    return CircuitBreaker(
        client,
        bucket=_bucket(settings),
        key=f"breaker.{portal_key(settings)}",
        replicas=settings.nats_replicas,
    )


def _bucket(settings: Settings) -> str:
    return Subjects(settings.subject_prefix).limits_bucket


def portal_key(settings: Settings) -> str:
    """The portal's host, as a key may spell it: without brackets, and the same however it was typed."""
    return urlsplit(settings.idexx_base_url).netloc.lower().translate({ord("["): "", ord("]"): "", ord(":"): "_"})
