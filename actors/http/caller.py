"""Who sends a request, and what it may do."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.requests import Request

from actors.http.responses import NotAllowed
from engine.api_key import BASIC_RIGHTS, ApiKey, Right, all_rights

#: What a caller lacks, in an error message.
_MAY_NOT = {
    Right.READ: "may not read",
    Right.SYNC: "may not start syncs: it lacks the right `act`",
    Right.NAMES: "may not see names: it lacks the right `names`",
    Right.ACT: "may not do this: it lacks the right `act`",
}


@dataclass(frozen=True, slots=True)
class Caller:
    """A caller. `name` is None for callers on this machine that need no key; `key_hash` is that of a stored key."""

    name: str | None
    rights: frozenset[Right] = BASIC_RIGHTS
    clinic: str | None = None
    clinic_id: str | None = None
    key_hash: str | None = None

    @classmethod
    def of_key(cls, key: ApiKey, key_hash: str) -> Caller:
        clinic_id = None if key.clinic_id is None else str(key.clinic_id)
        return cls(key.name, all_rights(key.rights), key.clinic, clinic_id, key_hash)

    def may(self, right: Right) -> bool:
        return right in self.rights

    def require(self, right: Right) -> None:
        """Raises `NotAllowed` if the caller lacks the right."""
        if not self.may(right):
            raise NotAllowed(f"{self._named} {_MAY_NOT[right]}; ask this gateway's operator for a key that has it")

    def require_clinic(self, slug_or_id: str) -> None:
        """Raises `NotAllowed` unless the caller may ask about this clinic."""
        if self.clinic is not None and slug_or_id.lower() not in (self.clinic, self.clinic_id):
            raise NotAllowed(f"{self._named} is for clinic {self.clinic!r} only, not for {slug_or_id!r}")

    @property
    def _named(self) -> str:
        return "a caller without a key" if self.name is None else f"the key {self.name!r}"


def caller_of(request: Request) -> Caller:
    """The caller of a request that `CallerCheck` has admitted."""
    caller: Caller = request.state.caller
    return caller
