"""The body of a webhook: the last event of a sync, in the envelope of the Standard Webhooks specification."""

from __future__ import annotations

from typing import Literal

from actors.spec.events import Cancelled, Completed, Failed, TimedOut
from actors.spec.values import SentMessage, Slug, Time


class SyncEnded(SentMessage):
    """A sync has ended. Dry runs cause no webhook."""

    type: Literal["sync.completed", "sync.failed", "sync.cancelled", "sync.timed_out"]
    timestamp: Time
    data: Completed | Failed | Cancelled | TimedOut
    """The sync's last event, as on NATS."""


class TestData(SentMessage):
    """A test delivery; nothing has happened."""

    event: Literal["test"]
    clinic: Slug
    at: Time


class WebhookTest(SentMessage):
    """Sent by `idexx-sync clinic webhook test`."""

    type: Literal["sync.test"]
    timestamp: Time
    data: TestData
