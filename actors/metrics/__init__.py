"""What can be counted of syncs, and how it comes to `GET /metrics`.

Three sources. What *happens* is counted where it is published (`Metrics.told`, called once in the cluster for each
event, by whoever relays it), so that the log line, the metric and the message on the bus cannot disagree; calls
of the portal, waits for a token and refusals of a mailbox are counted where they are made. What a process *is*
(memory, uptime, browser) it measures itself every few seconds. What the *cluster* is (queues, mailboxes,
freshness) is asked from PostgreSQL and NATS at the moment of a scrape, by gateways only, one of them at a time.

Counters live in files that all processes of a machine share (`files`), so any process with a port tells for its
machine: the gateway, or, on a machine without one, a worker with `WORKER_HTTP_PORT`. Each machine is scraped by
itself. A process that dies takes its gauges with it and leaves its counts.

`catalogue` names every metric once; `python -m actors.metrics > docs/metrics.md` writes the page of them. No label
is an id; a clinic is labelled by its slug where it is told what keeps it from being fresh. Nothing personal is counted.

What it is not: exact to the last event. A process that is killed between publishing an event and counting it
counts one less; it never counts one twice.
"""

from actors.metrics.catalogue import CATALOGUE, table
from actors.metrics.counting import Metrics

__all__ = ["CATALOGUE", "Metrics", "table"]
