"""The body of a webhook: the last event of a sync, or what needs a person, in the envelope of Standard Webhooks."""

from __future__ import annotations

from typing import Literal

from actors.spec.attention import AttentionItem
from actors.spec.events import Cancelled, Completed, Failed, TimedOut
from actors.spec.values import SentMessage, Slug, Time


class SyncEnded(SentMessage):
    """A sync has ended. Dry runs cause no webhook."""

    type: Literal["sync.completed", "sync.failed", "sync.cancelled", "sync.timed_out"]
    timestamp: Time
    data: Completed | Failed | Cancelled | TimedOut
    """The sync's last event, as on NATS."""


class AttentionData(AttentionItem):
    """What needs a person in the clinic, as in the reply to `overview`; at its end as it was sent before."""

    event: Literal["needs_attention", "attention_resolved"]
    clinic: Slug
    at: Time
    """When it was noticed, or its end."""


class NeedsAttention(SentMessage):
    """Something needs a person, or no longer does: held removals, refused credentials, a missed goal, a booking.

    Only for webhooks with `idexx-sync clinic webhook attention`. The end has the same `key`.
    """

    type: Literal["clinic.needs_attention", "clinic.attention_resolved"]
    timestamp: Time
    data: AttentionData


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
