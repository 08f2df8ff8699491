"""What keys of the HTTP API and calendar feeds have in common: an operator makes, names and revokes them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Protocol, TypeVar
from uuid import UUID

from engine.errors import BadRequest, EngineError, WrongState

_NAME = re.compile(r"[\w.-]{1,40}", re.ASCII)


class Issued(Protocol):
    """A stored key or feed, without its secret."""

    @property
    def id(self) -> UUID: ...
    @property
    def name(self) -> str: ...
    @property
    def revoked_at(self) -> datetime | None: ...

    def state(self, now: datetime) -> str: ...


I = TypeVar("I", bound=Issued)  # noqa: E741


def check_name(name: str) -> str:
    """Returns the name. Raises `BadRequest`."""
    if not _NAME.fullmatch(name):
        raise BadRequest(f"name: {name!r} must be 1 to 40 letters, digits, dots, dashes and underscores")
    return name


def state_of(now: datetime, expires_at: datetime | None, revoked_at: datetime | None) -> str:
    """`valid`, `expired` or `revoked`."""
    if revoked_at is not None:
        return "revoked"
    return "expired" if expires_at is not None and expires_at <= now else "valid"


def one_to_revoke(
    found: Sequence[I], name_or_id: str, now: datetime, *, noun: str, command: str, unknown: type[EngineError]
) -> I:
    """The only one of those with this name or id that can be revoked.

    Raises `unknown` if there is none, or `WrongState` if there are several, or if it is revoked already. `command` is
    that of the command line.
    """
    if not found:
        raise unknown(f"no {noun} has the name or id {name_or_id!r}", hint=f"idexx-sync {command} list --all")
    left = [one for one in found if one.revoked_at is None]
    if len(left) > 1:
        left = [one for one in left if one.state(now) == "valid"] or left
    if len(left) > 1:
        ids = ", ".join(str(one.id)[:8] for one in left)
        raise WrongState(
            f"{len(left)} {noun}s are called {name_or_id!r}: name one by its id ({ids})",
            hint=f"idexx-sync {command} list",
        )
    if not left:
        raise WrongState(f"the {noun} {name_or_id!r} was revoked on {found[-1].revoked_at:%Y-%m-%d %H:%M} UTC")
    return left[0]
