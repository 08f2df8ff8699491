"""What needs a person, as the overview and webhooks show it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from actors.spec.values import SentMessage, Slug, Time
from engine.attention import AttentionKind


class AttentionItem(SentMessage):
    """Something that needs a person, and lasts until a person acts."""

    key: str
    """Stays the same while the thing lasts."""
    kind: AttentionKind
    clinic: Slug | None
    """null: the whole installation."""
    since: Time
    """Of the installation: when the gateway noticed it."""
    message: str
    """What is wrong, in one sentence."""
    remedy: str
    """What to do about it, in one sentence."""
    command: str | None
    """What an operator types on a machine of the installation; null: no command helps."""
    sync_id: UUID | None
    """The sync that it is about."""
    details: dict[str, Any]
    """Counts, dates and reasons, which depend on the kind; no personal data."""
