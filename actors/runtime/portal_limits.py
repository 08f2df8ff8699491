"""Limits that protect the portal, shared by all machines: a token bucket, and pauses while calls fail."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

from nats.aio.client import Client

from actors.messages import Subjects
from actors.runtime.portal_health import ADDRESS, CLINIC, Health, Outcome, Policy, Scrape
from actors.settings import Settings
from broker import TokenBucket
from broker.primitives.circuit_breaker import State
from broker.primitives.kv import Bucket
from broker.primitives.shared_record import SharedRecord
from broker.transport.clock import ServerClock
from engine.failure import Failure, Reason

#: A record that no call has changed for this long is dropped. Seconds.
FORGET_AFTER = 3600.0


class PortalBreaker:
    """Implements `engine.portal.Breaker`: pauses one clinic's calls, or all calls to the address.

    `actors.runtime.portal_health` has the rules; this class reads and writes the records.
    """

    def __init__(self, client: Client, *, bucket: str, key: str, replicas: int = 1) -> None:
        self._bucket = Bucket(client, bucket, replicas=replicas)
        self._key = key
        self._clock = ServerClock(self._bucket.stream)
        self._address = self._record(key)

    async def admit(self, clinic: str) -> Failure | None:
        """None: call, and record the outcome. A failure: make no call before its `retry_after` is over."""
        # The clinic first: if the address granted a try and the clinic then refused it, that try would block all
        # others.
        health, wait = await self._admit(self._of_clinic(clinic), CLINIC)
        if wait:
            message = (
                f"not requested: calls for this clinic are paused, because {health.failed} of its "
                f"last {health.calls} dates failed"
            )
            return Failure(health.reason or Reason.CIRCUIT_OPEN, message, wait, was_asked=False)
        health, wait = await self._admit(self._address, ADDRESS)
        if wait:
            message = (
                f"not requested: all calls to the portal are paused, because {health.failed} of the "
                f"last {health.calls} dates of all clinics failed, the last one with {health.reason}"
            )
            return Failure(Reason.CIRCUIT_OPEN, message, wait, was_asked=False)
        return None

    async def record(self, clinic: str, outcomes: Mapping[str, Reason | None]) -> None:
        """Records an admitted scrape: for each date the reason of its failure, or None if the portal responded."""
        if not outcomes:
            return
        scrape = Scrape(outcomes)

        def of_clinic(health: Health, now: float) -> tuple[Health, Health]:
            changed = health.record(scrape, scrape.outcomes(now), now, CLINIC)
            return changed, changed

        whole = await self._of_clinic(clinic).change(of_clinic)

        def of_address(health: Health, now: float) -> tuple[Health, None]:
            seen = {clinic: Outcome(whole.failed, whole.calls, now)}
            return health.record(scrape, seen, now, ADDRESS), None

        await self._address.change(of_address)

    async def state(self) -> State:
        """The state of the address's breaker, for metrics and the overview."""
        return (await self._address.read()).state(await self._address.now())

    async def _admit(self, record: SharedRecord[Health], policy: Policy) -> tuple[Health, float]:
        def change(health: Health, now: float) -> tuple[Health, tuple[Health, float]]:
            changed, wait = health.admit(now, policy.probe)
            return changed, (health, wait)

        return await record.change(change)

    def _of_clinic(self, clinic: str) -> SharedRecord[Health]:
        return self._record(f"{self._key}.{clinic}")

    def _record(self, key: str) -> SharedRecord[Health]:
        return SharedRecord(self._bucket, self._clock, key, Health.from_json, ttl=FORGET_AFTER)


def portal_bucket(settings: Settings, client: Client) -> TokenBucket:
    return TokenBucket(
        client,
        bucket=_bucket(settings),
        key=f"budget.{portal_key(settings)}",
        rate=settings.idexx_rate_limit,
        burst=settings.rate_burst,
        replicas=settings.nats_replicas,
    )


def portal_breaker(settings: Settings, client: Client) -> PortalBreaker:
    return PortalBreaker(
        client,
        bucket=_bucket(settings),
        key=f"health.{portal_key(settings)}",
        replicas=settings.nats_replicas,
    )


def _bucket(settings: Settings) -> str:
    return Subjects(settings.subject_prefix).limits_bucket


def portal_key(settings: Settings) -> str:
    """The portal's host as a valid key: lower case, without brackets."""
    return urlsplit(settings.idexx_base_url).netloc.lower().translate({ord("["): "", ord("]"): "", ord(":"): "_"})
