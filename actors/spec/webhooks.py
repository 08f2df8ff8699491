"""What a clinic's webhook is sent: the last event of a sync, wrapped as the Standard Webhooks specification has it."""

from __future__ import annotations

from typing import Literal

from actors.spec.events import Cancelled, Completed, Failed, TimedOut
from actors.spec.values import Slug, Time, Told


class SyncEnded(Told):
    """A sync has ended; a dry run is nobody's news."""

    type: Literal["sync.completed", "sync.failed", "sync.cancelled", "sync.timed_out"]
    timestamp: Time
    data: Completed | Failed | Cancelled | TimedOut
    """The sync's last event, as on NATS."""


class TestData(Told):
    """Nothing has happened."""

    event: Literal["test"]
    clinic: Slug
    at: Time


class WebhookTest(Told):
    """Sent by `idexx-sync clinic webhook test`."""

    type: Literal["sync.test"]
    timestamp: Time
    data: TestData
