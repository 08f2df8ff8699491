"""The metrics of syncs, and how they reach `GET /metrics`.

There are three sources. *Events* are counted where they are published (`Metrics.record_event`, called once in the
cluster for each event, by the process that relays it), so the log line, the metric and the message on NATS cannot
disagree; portal calls, waits for a token and full mailboxes are counted where they occur. Each *process* measures
itself every few seconds (memory, uptime, browser). Figures of the *cluster* (queues, mailboxes, freshness) are
read from PostgreSQL and NATS at the moment of a scrape, only by gateways, one at a time.

Counters are in files that all processes of a machine share (`files`), so any process with a port reports for its
machine: the gateway or, on a machine without one, a worker with `WORKER_HTTP_PORT`. Each machine is scraped by
itself. The gauges of a dead process disappear; its counts stay.

`catalogue` names every metric once; `python -m actors.metrics > docs/metrics.md` writes their page. No label is an
id; a clinic's slug is a label only of metrics about what prevents its freshness. No personal data is counted.

Counts are not exact to the last event: a process that is killed between publishing an event and counting it counts
one less. No event is counted twice.
"""

from actors.metrics.catalogue import CATALOGUE, table
from actors.metrics.counting import Metrics

__all__ = ["CATALOGUE", "Metrics", "table"]
