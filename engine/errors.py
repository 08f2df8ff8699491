"""The errors that the engine raises to its callers: a closed set; each message names the next step.

A message is sent to clients, who have no command line of ours: the command to type is the error's `hint`, which only
the command line shows.

A failed date is not an error but a value (`engine.failure`). These errors are for requests that cannot be carried
out and for unreachable servers.
"""

from __future__ import annotations


class ExpectedError(Exception):
    """Base of the errors whose message is for a person: a command shows it, without a traceback.

    `code` decides on the exit status, as a status of HTTP does. `hint` is the command to try.
    """

    code = 500
    hint: str | None = None


class EngineError(ExpectedError):
    """Base of all engine errors. `code` is the number that a client of the interface sees."""

    reason = "internal"

    def __init__(self, message: str, *, retry_after_ms: int | None = None, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.retry_after_ms = retry_after_ms
        self.hint = hint


class BadRequest(EngineError):
    """The request is malformed; the message names the field."""

    code = 400
    reason = "bad_request"


class NoCredentials(EngineError):
    """The clinic has no credentials, or the portal rejected them."""

    code = 401
    reason = "no_credentials"


class WrongPortal(NoCredentials):
    """The default portal of this process is not the one that the credentials were stored for."""


class LoginRejected(NoCredentials):
    """The portal rejected the stored credentials; they must be set or tested before the next sync."""

    reason = "login_rejected"


class NoTimeZone(EngineError):
    """The clinic's time zone is not known, and is not guessed."""

    code = 409
    reason = "no_time_zone"


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


class UnknownBooking(EngineError):
    code = 404
    reason = "unknown_booking"


class UnknownApiKey(EngineError):
    code = 404
    reason = "unknown_api_key"


class UnknownCalendarFeed(EngineError):
    code = 404
    reason = "unknown_calendar_feed"


class UnknownEvidence(EngineError):
    code = 404
    reason = "unknown_evidence"


class NoSchedule(EngineError):
    code = 404
    reason = "no_schedule"


class WrongState(EngineError):
    """The sync's state does not allow the request."""

    code = 409
    reason = "wrong_state"


class QueueFull(EngineError):
    """The clinic's queue of waiting syncs is full."""

    code = 429
    reason = "queue_full"


class Unavailable(EngineError):
    """A required server is unreachable, or this process is shutting down."""

    code = 503
    reason = "unavailable"
