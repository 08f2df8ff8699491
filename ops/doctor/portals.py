"""Checks the clinics' portals: whether those of their own respond, and whether credentials are for the right one."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from actors.settings import Settings
from engine.credentials import origin_mismatch
from engine.store.clinics import credentials_for
from engine.store.database import Connection
from ops.doctor.finding import Finding, fail, good
from ops.doctor.portal_responses import reachable


async def portals(connection: Connection, settings: Settings) -> list[Finding]:
    found = await credentials_for(connection)
    own = sorted({address for address, _ in found.values() if address is not None})
    checked = "the network, the proxy, and the address: idexx-sync credentials set CLINIC --address ADDRESS"
    return [
        _bound(found, settings.idexx_base_url),
        *await asyncio.gather(*[reachable(address, checked) for address in own]),
    ]


def _bound(found: Mapping[str, tuple[str | None, str | None]], default: str) -> Finding:
    """A failure if credentials were stored for another portal than the one to which they would be sent."""
    elsewhere = {
        slug: origin for slug, (own, origin) in found.items() if origin_mismatch(slug, origin, own or default)
    }
    if elsewhere:
        what = ", ".join(f"{slug} (stored for {origin})" for slug, origin in elsewhere.items())
        remedy = f"idexx-sync credentials set {next(iter(elsewhere))}, or set IDEXX_BASE_URL back"
        return fail("clinics' portals", f"credentials are not sent to another portal: {what}", remedy)
    apart = [slug for slug, (own, _) in found.items() if own is not None]
    has = f"with portals of their own: {', '.join(apart)}; " if apart else ""
    return good("clinics' portals", f"{has}the default is {default}")
