"""The errors of a feed: a closed set."""

from __future__ import annotations


class FeedError(Exception):
    """Base of the feed's errors. A process that ends with one can be started again: it continues at its cursor."""


class Unavailable(FeedError):
    """NATS or the gateway did not respond within `patience` seconds."""


class Refused(FeedError):
    """The gateway refuses the request, or NATS refuses the user. `reason` is a constant of docs/interface.md."""

    def __init__(self, message: str, code: int = 403, reason: str = "not_allowed") -> None:
        super().__init__(message)
        self.code = code
        self.reason = reason


class UnexpectedReply(FeedError):
    """A reply is not as docs/interface.md describes it."""


class NotApplied(FeedError):
    """The next batch was requested before the last one was applied with `async with batch`."""


class CursorMoved(FeedError):
    """Another process has applied changes under the same name. Run one at a time, or give each its own `name`."""
