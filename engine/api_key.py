"""Keys of the HTTP API that are stored in the database: what they may do, and for which clinic."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from engine.errors import BadRequest
from engine.issued import state_of


class Right(StrEnum):
    """What a caller of the HTTP API may do."""

    #: See clinics, syncs, events and free times: no personal data. Every caller has it.
    READ = "read"
    #: Start syncs, and cancel its own. A stored key has it as part of `ACT`.
    SYNC = "sync"
    #: See the names of patients and clients, and the titles of blocks.
    NAMES = "names"
    #: Start and cancel syncs, decide on held removals, settle bookings.
    ACT = "act"


#: The rights that a stored key may have.
STORED_RIGHTS = (Right.READ, Right.NAMES, Right.ACT)

#: What callers with an entry of `API_KEYS`, a signature, or no key on this machine may do.
BASIC_RIGHTS = frozenset({Right.READ, Right.SYNC})


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A stored key, without the key itself. `clinic` is the slug of the only clinic that it is for; None: all."""

    id: UUID
    name: str
    clinic: str | None
    clinic_id: UUID | None
    rights: frozenset[Right]
    created_at: datetime
    created_by: str
    expires_at: datetime | None = None
    last_used_at: datetime | None = None
    revoked_at: datetime | None = None

    def state(self, now: datetime) -> str:
        """`valid`, `expired` or `revoked`."""
        return state_of(now, self.expires_at, self.revoked_at)


def read_rights(names: Iterable[str]) -> frozenset[Right]:
    """The rights of a stored key; `read` is always one of them. Raises `BadRequest`."""
    wanted = {name.strip() for name in names} - {""}
    if unknown := sorted(wanted - set(STORED_RIGHTS)):
        raise BadRequest(f"may: {unknown[0]!r} is not a right; a key may {', '.join(STORED_RIGHTS)}")
    return frozenset({Right.READ, *map(Right, wanted)})


def all_rights(rights: frozenset[Right]) -> frozenset[Right]:
    """The rights with those that they include."""
    return rights | {Right.SYNC} if Right.ACT in rights else rights
