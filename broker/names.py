"""What a queue is called on the server. Every name is built here, and from nothing but namespace and queue."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from urllib.parse import quote

#: The durable at which delayed messages wait on a server without scheduled messages.
WAITING = "waiting"


def token(name: str) -> str:
    """`name` as one token of a subject and part of a stream's name; different names stay different."""
    return quote(name, safe="").replace(".", "%2E")


@dataclass(frozen=True)
class QueueNames:
    """The streams, subjects and durable consumers of one queue."""

    namespace: str
    queue: str

    @cached_property
    def _stream(self) -> str:
        # The first underscore ends the namespace, so that ("a", "b_c") and ("a_b", "c") do not meet.
        return f"{token(self.namespace).replace('_', '%5F')}_{token(self.queue)}"

    @cached_property
    def _subject(self) -> str:
        return f"{token(self.namespace)}.{token(self.queue)}"

    @cached_property
    def box(self) -> str:
        """The stream of what is ready or in flight, and bounded."""
        return f"{self._stream}_box"

    @cached_property
    def later(self) -> str:
        """The stream of what waits for its time, and of what is due."""
        return f"{self._stream}_later"

    @cached_property
    def dead(self) -> str:
        """The stream of dead letters."""
        return f"{self._stream}_dead"

    def new(self, level: int | str) -> str:
        """Where a message of priority `level` enters the box."""
        return f"{self._subject}.new.{level}"

    def due(self, level: int | str) -> str:
        """Where the server puts a delayed message when its time has come."""
        return f"{self._subject}.due.{level}"

    def at(self, key: str | int) -> str:
        """Where one delayed message waits; `key` is its own (or its level, where the server has no schedules)."""
        return f"{self._subject}.at.{key}"

    @cached_property
    def letter(self) -> str:
        """Where a dead letter goes."""
        return f"{self._subject}.dead"

    @cached_property
    def capacity(self) -> str:
        """Core subject: a consumer tells here that the box has room, if somebody asked."""
        return f"{self._subject}.room"

    @cached_property
    def waiting(self) -> str:
        """Core subject: a sender tells here that it waits for room."""
        return f"{self._subject}.waiting"
