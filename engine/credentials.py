"""What a clinic signs in to the portal with."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Credentials:
    """`company_id` is None for clinics whose form has no such field. The repr shows no secret.

    `version` names this set of credentials and changes whenever they are set anew: a refusal by the portal holds
    for one version, so that no worker sends a password a second time that was rejected once.
    """

    username: str = field(repr=False)
    password: str = field(repr=False)
    company_id: str | None = None
    version: str = ""
