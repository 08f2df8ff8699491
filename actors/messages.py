"""The messages on NATS: subjects, headers, and the errors that refuse requests."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from engine.errors import EngineError, Unavailable

#: Stands where a slug stands, for every clinic; no clinic can be called so.
ALL = "_all"

#: The header of a request whose action another part of a gateway has recorded: the id of that record, which no other
#: client knows.
ACTION_HEADER = "Idexx-Action"

#: The header in which a client states who acts.
USER_HEADER = "Idexx-User"


class Busy(Unavailable):
    reason = "busy"


class Internal(EngineError):
    """An unexpected error; the log has the traceback."""


class TooLarge(EngineError):
    code = 413
    reason = "too_large"


@dataclass(frozen=True, slots=True)
class Subjects:
    """All subjects that clients use, under one prefix."""

    prefix: str = "idexx"

    def command(self, verb: str, clinic: str = "*") -> str:
        return f"{self.prefix}.cmd.{verb}.{clinic}"

    def command_template(self, verb: str) -> str:
        """The subject of a command with its variable part named, as traces show it."""
        return self.command(verb, "{clinic}")

    def sync_event(self, clinic: str, sync_id: UUID | str, event: str = ">") -> str:
        return f"{self.prefix}.evt.sync.{clinic}.{sync_id}.{event}"

    def appointment(self, clinic: str, kind: str) -> str:
        return f"{self.prefix}.evt.appointment.{clinic}.{kind}"

    def offer(self, clinic: str, kind: str) -> str:
        return f"{self.prefix}.evt.offer.{clinic}.{kind}"

    def action(self, clinic: str, verb: str) -> str:
        return f"{self.prefix}.evt.action.{clinic}.{verb}"

    def rejected(self, clinic: str) -> str:
        return f"{self.prefix}.evt.rejected.{clinic}"

    @property
    def events(self) -> str:
        return f"{self.prefix}.evt.>"

    @property
    def event_stream(self) -> str:
        return f"{self.prefix.upper()}_EVENTS"

    @property
    def schedule_stream(self) -> str:
        """The stream of schedules, on `<prefix>.schedule.>`, and of their ticks, on `<prefix>.due.*`."""
        return f"{self.prefix.upper()}_SCHEDULES"

    @property
    def limits_bucket(self) -> str:
        """The KV bucket of the shared token bucket and the circuit breakers."""
        return f"{self.prefix}_limits"

    @property
    def leases_bucket(self) -> str:
        """The KV bucket of leases, such as the right to sign a clinic in."""
        return f"{self.prefix}_leases"

    def stop(self, sync_id: UUID | str = "*") -> str:
        """The subject on which every worker learns that a sync has ended and that work on it must stop."""
        return f"{self.prefix}.ctl.stop.{sync_id}"


def refusal(error: EngineError) -> dict[str, Any]:
    """Returns the reply to a refused request."""
    body: dict[str, Any] = {"code": error.code, "reason": error.reason, "message": error.message}
    if error.retry_after_ms is not None:
        body["retry_after_ms"] = error.retry_after_ms
    return {"ok": False, "error": body}


def encode(body: Any) -> bytes:
    return json.dumps(body, default=_plain, separators=(",", ":")).encode()


def _plain(value: object) -> str:
    if isinstance(value, date | datetime):
        return value.isoformat()
    return str(value)
