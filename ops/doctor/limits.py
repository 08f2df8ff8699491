"""Checks the limits that all machines share for each portal: the rate limit and the circuit breaker."""

from __future__ import annotations

from contextlib import suppress

from nats.aio.client import Client
from nats.js.errors import NotFoundError

from actors.messages import Subjects
from actors.runtime.portal_limits import PortalLimits, PortalState, portal_bucket
from actors.settings import Settings
from engine.errors import Unavailable
from engine.portal_address import host_of
from engine.store.clinics import portal_addresses
from ops.client.connections import open_database, open_nats
from ops.doctor.finding import Finding, good, warn

NAME = "rate limit"
#: A call that has to wait longer than this finds the budget used up, in seconds.
LONG_WAIT = 5.0


async def limits(settings: Settings) -> list[Finding]:
    """Returns no finding where there are no servers: other checks report that."""
    if settings.nats_url is None or settings.database_url is None:
        return []
    with suppress(Unavailable):
        async with open_database(settings.database_url) as connection:
            addresses = await portal_addresses(connection)
        async with open_nats(settings.nats_url) as client:
            if not await _has_limits(client, settings):
                return []
            states = await PortalLimits(settings, client).read(addresses)
            of_host = {host_of(address): address for address in addresses}
            return [
                finding(state, await portal_bucket(settings, client, of_host.get(state.portal)).wait())
                for state in states
            ]
    return []


async def _has_limits(client: Client, settings: Settings) -> bool:
    """Whether the bucket exists: to read a missing one would create it."""
    try:
        await client.jetstream().stream_info(f"KV_{Subjects(settings.subject_prefix).limits_bucket}")
    except NotFoundError:
        return False
    return True


def finding(state: PortalState, wait: float) -> Finding:
    """The finding on one portal; `wait`: how many seconds a call would wait now."""
    portal = state.portal
    if state.breaker != "closed":
        what = f"calls to {portal} are paused: nearly all of the last ones failed"
        return warn(NAME, what, "wait: they resume by themselves once the portal responds; see portal above")
    slower = f"{state.rate:.1f} of {state.limit:g} calls per second to {portal} are allowed"
    if state.paused_for > 0 or state.rate < state.limit / 2:
        what = f"{slower}, because it refused calls as too many (429)"
        return warn(NAME, what, "wait: the rate recovers by itself; if it happens daily, lower IDEXX_RATE_LIMIT")
    if wait > LONG_WAIT:
        what = f"used up: a call to {portal} waits {wait:.0f} s for its turn ({state.limit:g} calls per second)"
        remedy = "sync fewer clinics at once, or raise IDEXX_RATE_LIMIT if the portal allows it: docs/tuning.md"
        return warn(NAME, what, remedy)
    return good(NAME, slower)
