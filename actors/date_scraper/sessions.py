"""The portal's sessions, shared by all DateScrapers: sealed in the database, one sign-in per clinic at a time."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
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


class SharedSessions:
    """Implements `engine.portal.protocols.SessionStore`. `lifetime` is in seconds; `lease` makes a clinic's."""

    def __init__(self, database: Database, vault: Vault, lifetime: float, lease: Callable[[str], Lease]) -> None:
        self._database = database
        self._vault = vault
        self._lifetime = lifetime
        self._lease = lease

    async def get(self, clinic: str) -> Session | Refusal | None:
        async with self._database.connection() as connection:
            clinic_id = (await find_clinic(connection, clinic)).id
            record = await get_session(connection, self._vault, clinic_id)
        return None if record is None else _entry(record)

    async def put(self, clinic: str, entry: Session | Refusal) -> None:
        generation = entry.generation if isinstance(entry, Session) else None
        async with self._database.transaction() as connection:
            clinic_id = (await find_clinic(connection, clinic)).id
            await put_session(connection, self._vault, clinic_id, generation, _record(entry), self._lifetime)

    async def drop(self, clinic: str, generation: str) -> None:
        async with self._database.transaction() as connection:
            await drop_session(connection, (await find_clinic(connection, clinic)).id, generation)

    async def update(self, clinic: str, session: Session) -> None:
        async with self._database.transaction() as connection:
            clinic_id = (await find_clinic(connection, clinic)).id
            await update_session(connection, self._vault, clinic_id, session.generation, _record(session))

    def sign_in_lease(self, clinic: str) -> AbstractAsyncContextManager[object]:
        return self._lease(clinic)


def _record(entry: Session | Refusal) -> dict[str, Any]:
    if isinstance(entry, Session):
        cookies = [dict(cookie) for cookie in entry.cookies]
        return {"generation": entry.generation, "cookies": cookies, "user_agent": entry.user_agent}
    return {
        "credentials": entry.credentials,
        "reason": entry.failure.reason,
        "message": entry.failure.message,
        "at": entry.at.isoformat(),
    }


def _entry(record: dict[str, Any]) -> Session | Refusal:
    if "generation" in record:
        return Session(record["generation"], record["cookies"], record.get("user_agent", ""))
    failure = Failure(Reason(record["reason"]), record["message"])
    return Refusal(record["credentials"], failure, datetime.fromisoformat(record["at"]))
