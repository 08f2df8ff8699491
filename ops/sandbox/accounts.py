"""Sign-in state: passwords, locked accounts, second factors, and sessions with an expiry."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum, auto

from ops.sandbox.clinics import Clinic
from ops.sandbox.fault_settings import FaultSettings

#: The correct second factor.
SECOND_FACTOR_CODE = "246810"


class SignInResult(Enum):
    SIGNED_IN = auto()
    REJECTED = auto()
    LOCKED = auto()
    SECOND_FACTOR = auto()


@dataclass(slots=True)
class Session:
    """A session. `expires_at` is in Unix seconds. Ended sessions are kept to attribute late calls to a clinic."""

    id: str
    company_id: str
    expires_at: float
    ended: bool = False

    def is_alive(self, now: float) -> bool:
        return not self.ended and now < self.expires_at


class Accounts:
    def __init__(self, clinics: Iterable[Clinic]) -> None:
        self._clinics = list(clinics)
        self.reset()

    def reset(self) -> None:
        self._sessions: dict[str, Session] = {}
        self._rejections: dict[str, int] = {}
        self._half_way: dict[str, str] = {}

    def clinic_of(self, company_id: str | None, username: str) -> Clinic | None:
        """Returns the clinic of a sign-in by company id and user name; by user name alone if the form has no
        id."""
        for clinic in self._clinics:
            if clinic.username == username and company_id in (None, clinic.company_id):
                return clinic
        return None

    def check(self, clinic: Clinic | None, password: str, fault_settings: FaultSettings) -> SignInResult:
        if clinic is None:
            return SignInResult.REJECTED
        rejections = self._rejections.get(clinic.company_id, 0)
        limit = fault_settings.sign_in.lock_after
        if fault_settings.sign_in.locked or 0 < limit <= rejections:
            return SignInResult.LOCKED
        if fault_settings.sign_in.reject or not secrets.compare_digest(
            password.encode(), clinic.password.encode()
        ):
            self._rejections[clinic.company_id] = rejections + 1
            return SignInResult.REJECTED
        self._rejections.pop(clinic.company_id, None)
        return SignInResult.SECOND_FACTOR if fault_settings.sign_in.second_factor else SignInResult.SIGNED_IN

    def ask_second_factor(self, clinic: Clinic) -> str:
        """Returns a ticket for the second-factor step of the sign-in."""
        ticket = secrets.token_urlsafe(18)
        self._half_way[ticket] = clinic.company_id
        return ticket

    def half_way(self, ticket: str) -> str | None:
        """Returns the company id of a sign-in that waits for its second factor."""
        return self._half_way.get(ticket)

    def check_second_factor(self, ticket: str, code: str) -> str | None:
        """If the code is correct, uses up the ticket and returns its company id; otherwise returns None."""
        return self._half_way.pop(ticket, None) if code == SECOND_FACTOR_CODE else None

    def open(self, company_id: str, fault_settings: FaultSettings, now: float) -> Session:
        if fault_settings.single_session_per_user:
            self.end(company_id)
        session = Session(secrets.token_urlsafe(24), company_id, now + fault_settings.session_seconds)
        self._sessions[session.id] = session
        return session

    def session_in(self, cookies: Mapping[str, str]) -> Session | None:
        """Returns the session named by the cookies, active or ended."""
        return next((self._sessions[value] for value in cookies.values() if value in self._sessions), None)

    def end(self, company_id: str | None = None) -> int:
        """Ends the sessions of one clinic or of all; returns how many it ended."""
        ending = [
            session
            for session in self._sessions.values()
            if not session.ended and company_id in (None, session.company_id)
        ]
        for session in ending:
            session.ended = True
        return len(ending)

    def alive(self, now: float) -> dict[str, int]:
        """Returns the number of active sessions by company id."""
        counts: dict[str, int] = {}
        for session in self._sessions.values():
            if session.is_alive(now):
                counts[session.company_id] = counts.get(session.company_id, 0) + 1
        return counts
