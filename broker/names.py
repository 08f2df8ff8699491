"""Builds the names of a queue's streams and subjects on the server, from namespace and queue only."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from urllib.parse import quote

#: The durable consumer at which delayed messages wait on a server without scheduled messages.
WAITING = "waiting"


def token(name: str) -> str:
    """Escapes `name` for use as a subject token and in a stream name; different names stay different."""
    return quote(name, safe="").replace(".", "%2E")


@dataclass(frozen=True)
class QueueNames:
    """The streams, subjects and durable consumers of one queue."""

    namespace: str
    queue: str

    @cached_property
    def _stream(self) -> str:
        # The first underscore ends the namespace, so that ("a", "b_c") and ("a_b", "c") do not collide.
        return f"{token(self.namespace).replace('_', '%5F')}_{token(self.queue)}"

    @cached_property
    def _subject(self) -> str:
        return f"{token(self.namespace)}.{token(self.queue)}"

    @cached_property
    def box(self) -> str:
        """The limited stream of messages that are ready or in flight."""
        return f"{self._stream}_box"

    @cached_property
    def later(self) -> str:
        """The stream of delayed and due messages."""
        return f"{self._stream}_later"

    @cached_property
    def dead(self) -> str:
        """The stream of dead letters."""
        return f"{self._stream}_dead"

    def new(self, level: int | str) -> str:
        """The subject on which a message of priority `level` enters the box."""
        return f"{self._subject}.new.{level}"

    def due(self, level: int | str) -> str:
        """The subject to which the server moves a delayed message when it is due."""
        return f"{self._subject}.due.{level}"

    def at(self, key: str | int) -> str:
        """The subject of one delayed message; `key` is its own key (its level if the server has no schedules)."""
        return f"{self._subject}.at.{key}"

    @cached_property
    def letter(self) -> str:
        """The subject of dead letters."""
        return f"{self._subject}.dead"

    @cached_property
    def capacity(self) -> str:
        """Core subject on which consumers announce room in the box, if a sender waits for it."""
        return f"{self._subject}.room"

    @cached_property
    def waiting(self) -> str:
        """Core subject on which a sender announces that it waits for room."""
        return f"{self._subject}.waiting"
