"""All refusals that a client may get on NATS, each with its condition."""

from __future__ import annotations

from actors.dispatcher import Overloaded
from actors.messages import Busy, Internal, TooLarge
from engine import errors
from engine.errors import EngineError

REFUSALS: dict[type[EngineError], str] = {
    errors.BadRequest: "the request is malformed; the message names the field",
    errors.NoCredentials: "no credentials are stored for the clinic",
    errors.LoginRejected: "the portal rejects the clinic's sign-in; no sync starts until its credentials change",
    errors.NoTimeZone: "the clinic's time zone is not known; the message says how to set it",
    errors.UnknownClinic: "no clinic has this slug",
    errors.UnknownSync: "the clinic has no such sync",
    errors.WrongState: "the sync's status does not allow the command",
    TooLarge: "the request is larger than 16 KiB",
    errors.QueueFull: "the clinic's queue of syncs is full; retry after `retry_after_ms`",
    Internal: "an unexpected error, which is in the gateway's log",
    errors.Unavailable: "the gateway is shutting down, or NATS, JetStream or PostgreSQL is unavailable",
    Overloaded: "the Coordinator's mailbox is full",
    Busy: "this gateway already processes as many requests as it can",
}
