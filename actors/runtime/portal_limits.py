"""Limits that protect the portal, shared by all machines: a token bucket, and pauses while calls fail."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
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
from engine.portal_address import host_of
from engine.task_group import task_group

#: A record that no call has changed for this long is dropped. Seconds.
FORGET_AFTER = 3600.0


class PortalBreaker:
    """Implements `engine.portal.Breaker`: pauses one clinic's calls, or all calls to the address.

    `actors.runtime.portal_health` has the rules; this class reads and writes the records.
    """

    def __init__(
        self, client: Client, *, bucket: str, key: str, replicas: int = 1, portal: str = "the portal"
    ) -> None:
        """`portal` stands for the address in messages."""
        self._portal = portal
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
                f"not requested: all calls to {self._portal} are paused, because {health.failed} of the "
                f"last {health.calls} dates of its clinics failed, the last one with {health.reason}"
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


@dataclass(frozen=True, slots=True)
class PortalState:
    """The limits of one portal at this moment, as the overview shows them. `portal` is its host."""

    portal: str
    rate: float
    limit: float
    burst: float
    paused_for: float
    breaker: State


class PortalLimits:
    """The shared limits of every portal, read for the overview and the metrics. It keeps one pair for each address."""

    def __init__(self, settings: Settings, client: Client) -> None:
        self._settings = settings
        self._client = client
        self._pairs: dict[str, tuple[TokenBucket, PortalBreaker]] = {}

    async def read(self, addresses: Sequence[str]) -> list[PortalState]:
        """The default portal first, then those of these addresses; each host once."""
        default = self._settings.idexx_base_url
        hosts = {host_of(address): address for address in (default, *addresses)}
        # An address with the host of the default shares its limits.
        hosts[host_of(default)] = default
        self._pairs = {host: self._pair(host, address) for host, address in hosts.items()}
        async with task_group() as group:
            tasks = [group.create_task(self._state(host)) for host in hosts]
        return [task.result() for task in tasks]

    def _pair(self, host: str, address: str) -> tuple[TokenBucket, PortalBreaker]:
        if (known := self._pairs.get(host)) is not None:
            return known
        return (
            portal_bucket(self._settings, self._client, address),
            portal_breaker(self._settings, self._client, address),
        )

    async def _state(self, host: str) -> PortalState:
        bucket, breaker = self._pairs[host]
        settings = self._settings
        return PortalState(
            host,
            await bucket.allowed_rate(),
            settings.idexx_rate_limit,
            settings.rate_burst,
            await bucket.paused_for(),
            await breaker.state(),
        )


def portal_bucket(settings: Settings, client: Client, address: str | None = None) -> TokenBucket:
    """The rate limit of the portal at this address; None: of the default portal."""
    return TokenBucket(
        client,
        bucket=_bucket(settings),
        key=f"budget.{portal_key(settings, address)}",
        rate=settings.idexx_rate_limit,
        burst=settings.rate_burst,
        replicas=settings.nats_replicas,
    )


def portal_breaker(settings: Settings, client: Client, address: str | None = None) -> PortalBreaker:
    """The breaker of the portal at this address; None: of the default portal."""
    return PortalBreaker(
        client,
        bucket=_bucket(settings),
        key=f"health.{portal_key(settings, address)}",
        replicas=settings.nats_replicas,
        portal=host_of(address or settings.idexx_base_url),
    )


def _bucket(settings: Settings) -> str:
    return Subjects(settings.subject_prefix).limits_bucket


def portal_key(settings: Settings, address: str | None = None) -> str:
    """The portal's host as a valid key: lower case, without brackets.

    An address of a clinic's own with the host of the default shares its key, however either is written.
    """
    default = settings.idexx_base_url
    portal = default if address is None or host_of(address) == host_of(default) else address
    return urlsplit(portal).netloc.lower().translate({ord("["): "", ord("]"): "", ord(":"): "_"})
