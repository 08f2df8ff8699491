"""The errors that the engine raises to its callers: a closed set, each with what to do next.

A failed date is not an error but a value (`engine.failure`). These are for requests that cannot be
carried out and for servers that are away.
"""

from __future__ import annotations


class EngineError(Exception):
    """The base of all of them. `code` is the number that a client of the interface sees."""

    code = 500
    reason = "internal"

    def __init__(self, message: str, *, retry_after_ms: int | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.retry_after_ms = retry_after_ms


class BadRequest(EngineError):
    """The request is malformed; the message names the field."""

    code = 400
    reason = "bad_request"


class NoCredentials(EngineError):
    """The clinic has no credentials, or the portal rejected the ones it has."""

    code = 401
    reason = "no_credentials"


class LoginRejected(NoCredentials):
    """The portal rejected the stored credentials; they must be set or tested before the next sync."""

    reason = "login_rejected"


class UnknownClinic(EngineError):
    code = 404
    reason = "unknown_clinic"


class UnknownSync(EngineError):
    code = 404
    reason = "unknown_sync"


class UnknownWebhook(EngineError):
    code = 404
    reason = "unknown_webhook"


class UnknownDelivery(EngineError):
    code = 404
    reason = "unknown_delivery"


class NoSchedule(EngineError):
    code = 404
    reason = "no_schedule"


class WrongState(EngineError):
    """The sync is not in a state in which this can be done."""

    code = 409
    reason = "wrong_state"


class QueueFull(EngineError):
    """As many syncs of the clinic wait as may wait."""

    code = 429
    reason = "queue_full"


class Unavailable(EngineError):
    """A server that is needed is away, or this process is shutting down."""

    code = 503
    reason = "unavailable"
