"""Every refusal that a client may get on NATS, with when it gets it."""

from __future__ import annotations

from actors.dispatcher import Overloaded
from actors.messages import Busy, Internal, TooLarge
from engine import errors
from engine.errors import EngineError

REFUSALS: dict[type[EngineError], str] = {
    errors.BadRequest: "the request is malformed; the message names the field",
    errors.NoCredentials: "no credentials are stored for the clinic",
    errors.LoginRejected: "the portal does not let the clinic in; nothing is tried until its credentials change",
    errors.UnknownClinic: "no clinic has this slug",
    errors.UnknownSync: "there is no such sync of this clinic",
    errors.WrongState: "the sync is not in a state for this",
    TooLarge: "the request has more than 16 KiB",
    errors.QueueFull: "as many syncs of the clinic wait as may; `retry_after_ms` says when there may be room",
    Internal: "something that should not happen; the gateway's log says what",
    errors.Unavailable: "shutting down, or NATS, JetStream or PostgreSQL is away",
    Overloaded: "the Coordinator's mailbox has no room",
    Busy: "this gateway answers as many requests as it can",
}
