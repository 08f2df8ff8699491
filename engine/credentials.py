"""The credentials with which a clinic signs in to the portal."""

from __future__ import annotations

from dataclasses import dataclass, field

from engine.portal_address import origin_of


@dataclass(frozen=True, slots=True)
class Credentials:
    """Credentials of a clinic. `company_id` is None for clinics whose form has no such field. The repr shows no
    secret.

    `version` names this set of credentials and changes whenever they are set. The portal's refusal holds for one
    version, so no worker sends a rejected password a second time. They are sent to no other origin than `origin`,
    and only to the portal at `address`; None: the default portal, whatever its origin.
    """

    username: str = field(repr=False)
    password: str = field(repr=False)
    company_id: str | None = None
    version: str = ""
    address: str | None = None
    origin: str | None = None

    def mismatch(self, slug: str, portal: str) -> str | None:
        """Why these credentials may not be sent to the portal at this address; None: they may."""
        return origin_mismatch(slug, self.origin, portal)


def origin_mismatch(slug: str, origin: str | None, portal: str) -> str | None:
    """Why credentials that were stored for `origin` may not be sent to this portal; None: nothing says so."""
    if origin is None or origin == origin_of(portal):
        return None
    return (
        f"the credentials of clinic {slug!r} were stored for {origin}, but its portal is now {portal}; they are not "
        "sent to another portal: an operator has to set them again, or to set the address back"
    )
