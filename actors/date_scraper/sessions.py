"""The portals' sessions, shared by all DateScrapers: sealed in the database, one sign-in per clinic at a time."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from broker import Lease
from engine.failure import Failure, Reason
from engine.portal.protocols import Refusal, Session
from engine.store.clinics import find_clinic
from engine.store.database import Database
from engine.store.sessions import drop_session, get_session, put_session, update_session
from engine.store.vault import Vault

#: A sign-in that has not renewed its lease for this long is considered dead.
LEASE_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class SharedSessions:
    """Implements `engine.portal.protocols.SessionStore` for the portal at `address`; None: the default portal.

    `origin` is the portal's; an entry of another origin is not returned. `lifetime` is in seconds; `lease` makes a
    clinic's.
    """

    database: Database
    vault: Vault
    lifetime: float
    lease: Callable[[str], Lease]
    address: str | None = None
    origin: str | None = None

    async def get(self, clinic: str) -> Session | Refusal | None:
        async with self.database.connection() as connection:
            clinic_id = (await find_clinic(connection, clinic)).id
            record = await get_session(connection, self.vault, clinic_id, address=self.address)
        # Without an origin: by a version before, for the default portal.
        if record is None or record.get("origin") not in (None, self.origin):
            return None
        return _entry(record)

    async def put(self, clinic: str, entry: Session | Refusal) -> None:
        generation = entry.generation if isinstance(entry, Session) else None
        async with self.database.transaction() as connection:
            clinic_id = (await find_clinic(connection, clinic)).id
            record = self._record(entry)
            await put_session(
                connection, self.vault, clinic_id, generation, record, self.lifetime, address=self.address
            )

    async def drop(self, clinic: str, generation: str) -> None:
        async with self.database.transaction() as connection:
            await drop_session(connection, (await find_clinic(connection, clinic)).id, generation)

    async def update(self, clinic: str, session: Session) -> None:
        async with self.database.transaction() as connection:
            clinic_id = (await find_clinic(connection, clinic)).id
            record = self._record(session)
            await update_session(
                connection, self.vault, clinic_id, session.generation, record, address=self.address
            )

    def sign_in_lease(self, clinic: str) -> AbstractAsyncContextManager[object]:
        return self.lease(clinic)

    def _record(self, entry: Session | Refusal) -> dict[str, Any]:
        origin = {} if self.origin is None else {"origin": self.origin}
        if isinstance(entry, Session):
            cookies = [dict(cookie) for cookie in entry.cookies]
            return {"generation": entry.generation, "cookies": cookies, "user_agent": entry.user_agent} | origin
        return {
            "credentials": entry.credentials,
            "reason": entry.failure.reason,
            "message": entry.failure.message,
            "at": entry.at.isoformat(),
        } | origin


def _entry(record: dict[str, Any]) -> Session | Refusal:
    if "generation" in record:
        return Session(record["generation"], record["cookies"], record.get("user_agent", ""))
    failure = Failure(Reason(record["reason"]), record["message"])
    return Refusal(record["credentials"], failure, datetime.fromisoformat(record["at"]))
