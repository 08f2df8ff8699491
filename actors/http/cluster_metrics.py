"""The metrics of the whole cluster, read from PostgreSQL and NATS when a gateway is scraped.

Every process could report them, so only gateways do; and of several gateways the one that holds a lease, so that
they are reported once. If no holder is known because NATS is unreachable, each gateway reports what it still can.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable

import structlog
from dramatiq.errors import BrokerConnectionError
from prometheus_client import Metric as Family
from prometheus_client.core import GaugeMetricFamily

from actors.health.probe import Probe
from actors.installation.watch import InstallationWatch
from actors.messages import Subjects
from actors.metrics import catalogue
from actors.metrics.catalogue import Metric
from actors.queues import QUEUES
from actors.runtime.portal_limits import PortalLimits, PortalState
from actors.settings import Settings
from broker import Lease, LeaseLost, NatsBroker
from engine.attention import Attention
from engine.errors import EngineError
from engine.store.attention import attention
from engine.store.clinics import portal_addresses
from engine.store.database import Database
from engine.store.monitoring import ClinicFigures, clinic_figures, sync_figures
from engine.store.webhooks import webhook_figures
from engine.task_group import task_group

log = structlog.get_logger(__name__)

LEASE = "figures"
#: Seconds after which another gateway reports the figures of one that has died.
LEASE_SECONDS = 10.0

Value = tuple[tuple[str, ...], float]


class ClusterFigures:
    """The cluster's figures. `families` reads them; `hold_lease` makes this gateway the one that reports them."""

    def __init__(
        self, settings: Settings, broker: NatsBroker, database: Database, watch: InstallationWatch, name: str
    ) -> None:
        """`name` is the process's; the lease shows it."""
        self._watch = watch
        self._settings = settings
        self._broker = broker
        self._stored = database
        self._name = name
        self._leases = Subjects(settings.subject_prefix).leases_bucket
        self._reported_elsewhere = False
        self._limits: PortalLimits | None = None
        #: As of the database's last response.
        self._portals: list[str] = []
        self._database = Probe(self._ask_database)
        self._nats = Probe(self._ask_nats)

    async def hold_lease(self) -> None:
        """Keeps the lease until it is lost or NATS is unreachable."""
        try:
            client = await self._broker.client()
            async with Lease(
                client,
                bucket=self._leases,
                key=LEASE,
                ttl=LEASE_SECONDS,
                holder=self._name,
                replicas=self._settings.nats_replicas,
            ):
                await asyncio.Event().wait()
        except (LeaseLost, BrokerConnectionError) as error:
            hint = "a gateway that holds the lease reports the metrics of the cluster"
            log.info("metrics_lease_not_held", error=str(error), hint=hint)

    async def families(self) -> list[Family]:
        """The metrics; none if another gateway reports them.

        A source that does not respond in time is left out, and reported as down.
        """
        database, nats = await asyncio.gather(self._database.answer(), self._nats.answer(), return_exceptions=True)
        up = {"database": _is_up(database), "nats": _is_up(nats)}
        if up["nats"] and self._reported_elsewhere:
            return []
        found = [_family(catalogue.DEPENDENCY_UP, [((name,), float(value)) for name, value in up.items()])]
        found.append(_family(catalogue.INSTALLATION_ATTENTION, _by_kind(self._watch.items)))
        for part in (database, nats):
            found += part if isinstance(part, list) else []
        return found

    def close(self) -> None:
        self._database.close()
        self._nats.close()

    async def _ask_database(self) -> list[Family]:
        async with self._stored.connection() as connection:
            syncs, clinics = await sync_figures(connection), await clinic_figures(connection)
            webhooks, items = await webhook_figures(connection), await attention(connection)
            self._portals = await portal_addresses(connection)
        return [
            _family(catalogue.QUEUE_ACTIVE, [((), syncs.running)]),
            _family(catalogue.QUEUE_WAITING, [((), syncs.queued)]),
            _family(catalogue.SYNC_SILENCE, [((), syncs.silence)]),
            _family(catalogue.LAST_SUCCESS, [((clinic.slug,), clinic.last_success) for clinic in clinics]),
            _family(catalogue.FRESH_AS_OF, [((clinic.slug,), clinic.fresh_as_of) for clinic in clinics]),
            _family(catalogue.FRESHNESS_GOAL, _goals(clinics)),
            _family(catalogue.LOGIN_REJECTED, [((clinic.slug,), clinic.login_rejected) for clinic in clinics]),
            _family(catalogue.REMOVALS_HELD, [((clinic.slug,), clinic.removals_held) for clinic in clinics]),
            _family(catalogue.FAILING, [((one.slug, one.failing), 1) for one in clinics if one.failing]),
            _family(catalogue.CLINIC_ATTENTION, _by_kind(item for item in items if not item.is_new_clinic)),
            _family(catalogue.WEBHOOKS_OVERDUE, [((), webhooks.overdue)]),
            _family(catalogue.RUNNING, [((clinic.slug,), clinic.running_seconds) for clinic in clinics]),
        ]

    async def _ask_nats(self) -> list[Family]:
        leases = await self._broker.bucket(self._leases)
        holder = (await leases.read(LEASE)).value
        self._reported_elsewhere = holder not in (None, self._name.encode())
        async with task_group() as group:
            requests = [group.create_task(self._broker.mailbox_async(queue)) for queue in QUEUES]
            reading = group.create_task(self._read_portals())
        boxes, portals = [box.result() for box in requests], reading.result()
        return [
            _family(catalogue.MAILBOX, [((box.queue,), box.messages) for box in boxes]),
            _family(catalogue.MAILBOX_LIMIT, [((box.queue,), box.limit or 0) for box in boxes]),
            _family(catalogue.MAILBOX_DELAYED, [((box.queue,), box.delayed) for box in boxes]),
            _family(catalogue.DEAD_LETTERS, [((box.queue,), box.dead) for box in boxes]),
            _family(catalogue.BREAKER_OPEN, [((), any(one.breaker != "closed" for one in portals))]),
            _family(catalogue.RATE_LIMIT, [((), portals[0].rate)]),
            _family(catalogue.PORTAL_BREAKER_OPEN, [((one.portal,), one.breaker != "closed") for one in portals]),
            _family(catalogue.PORTAL_RATE_LIMIT, [((one.portal,), one.rate) for one in portals]),
        ]

    async def _read_portals(self) -> list[PortalState]:
        if self._limits is None:
            self._limits = PortalLimits(self._settings, await self._broker.client())
        return await self._limits.read(self._portals)


def _is_up(answer: object) -> bool:
    """Whether the source responded. Errors other than those of an unreachable server are raised."""
    if isinstance(answer, TimeoutError | EngineError | BrokerConnectionError):
        return False
    if isinstance(answer, BaseException):
        raise answer
    return True


def _goals(clinics: Iterable[ClinicFigures]) -> list[Value]:
    return [((one.slug,), float(one.max_age_seconds)) for one in clinics if one.max_age_seconds is not None]


def _by_kind(items: Iterable[Attention]) -> list[Value]:
    """The number of items of each kind, and of each clinic where they have one."""
    labels = Counter((item.kind.value, *([item.clinic] if item.clinic else [])) for item in items)
    return [(names, float(count)) for names, count in labels.items()]


def _family(metric: Metric, values: Iterable[Value]) -> Family:
    family = GaugeMetricFamily(metric.name, metric.help, labels=metric.labels)
    for labels, value in values:
        family.add_metric(labels, float(value))
    return family
