"""A clinic's webhook, and the signature that proves to its receiver that a delivery comes from us.

The signature follows the Standard Webhooks specification (version 1, symmetric), so receivers need no code of
ours.
"""

from __future__ import annotations

import base64
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Self
from uuid import UUID

#: Prefix of every secret, and the number of random bytes that follow, in base64.
SECRET_PREFIX, SECRET_BYTES = "whsec_", 32

#: How long both secrets sign after a rotation, so that receivers can change theirs without a gap.
ROTATION = timedelta(hours=24)

#: The event of a delivery that `clinic webhook test` makes.
TEST = "sync.test"
#: The events of something that needs a person, and of its end. All other events are those that end a sync.
ATTENTION_NEEDED, ATTENTION_ENDED = "clinic.needs_attention", "clinic.attention_resolved"


@dataclass(frozen=True, slots=True)
class Secrets:
    """The signing secrets. The old one signs until `old_until`. The repr shows neither."""

    current: str = field(repr=False)
    old: str | None = field(default=None, repr=False)
    old_until: datetime | None = None

    @classmethod
    def fresh(cls) -> Self:
        return cls(SECRET_PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode())

    def rotated(self, now: datetime) -> Secrets:
        return replace(Secrets.fresh(), old=self.current, old_until=now + ROTATION)

    def at(self, now: datetime) -> tuple[str, ...]:
        """The secrets that sign at `now`, the newest first."""
        if self.old is None or self.old_until is None or now >= self.old_until:
            return (self.current,)
        return self.current, self.old


@dataclass(frozen=True, slots=True)
class Webhook:
    """The address to which the ends of a clinic's syncs are posted, and, if it `sends_attention`, what needs a person.

    `pause_reason` says why nothing is sent now; None: not paused.
    """

    clinic_id: UUID
    url: str
    paused_at: datetime | None
    pause_reason: str | None
    old_secret_until: datetime | None
    created_at: datetime
    sends_attention: bool


class DeliveryState(StrEnum):
    """A delivery is pending until it is delivered or given up."""

    PENDING = "pending"
    DELIVERED = "delivered"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Delivery:
    """One event for a receiver, with the current try: `attempts` is its number."""

    id: UUID
    clinic_id: UUID
    clinic: str
    sync_id: UUID | None
    event: str
    url: str
    body: str
    attempts: int
    queued_at: datetime
    now: datetime
    """The database's time at which the try began."""


def sign(delivery: Delivery, signers: Secrets, now: datetime) -> Mapping[str, str]:
    """The headers that prove a delivery sent at `now`; receivers refuse timestamps older than a few minutes."""
    timestamp = str(int(now.timestamp()))
    content = f"{delivery.id}.{timestamp}.{delivery.body}".encode()
    return {
        "webhook-id": str(delivery.id),
        "webhook-timestamp": timestamp,
        "webhook-signature": " ".join(_signature(secret, content) for secret in signers.at(now)),
    }


def _signature(secret: str, content: bytes) -> str:
    key = base64.b64decode(secret.removeprefix(SECRET_PREFIX))
    return "v1," + base64.b64encode(hmac.digest(key, content, "sha256")).decode()
