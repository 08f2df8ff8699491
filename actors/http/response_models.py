"""Models of the API's responses that differ from the reply on NATS: the last event of a sync, with its outcome."""

from __future__ import annotations

from actors.spec.events import Completed, LastEvent
from actors.spec.replies import Error
from actors.spec.values import No, Yes


class Done(Completed):
    """The last event of a sync that completed, fully or partially."""

    ok: Yes


class NotDone(LastEvent):
    """The last event of a sync that failed, was cancelled or timed out."""

    ok: No
    error: Error
