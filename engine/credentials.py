"""The credentials with which a clinic signs in to the portal."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Credentials:
    """Credentials of a clinic. `company_id` is None for clinics whose form has no such field. The repr shows no
    secret.

    `version` names this set of credentials and changes whenever they are set. The portal's refusal holds for one
    version, so no worker sends a rejected password a second time.
    """

    username: str = field(repr=False)
    password: str = field(repr=False)
    company_id: str | None = None
    version: str = ""
