"""HTTP: metrics and health of every process, and the API of the gateway.

The API is only a client of the NATS interface, except for `day`, whose names never go over NATS. It turns a request
into a NATS request, and the events of a sync into a response at its end or into a stream; the service that replies
on NATS, in this gateway or another one, makes all decisions. So a refusal has the same code, reason and message on
both ways.

    POST /api/idexx/schedule-sync              a sync; responds when it ends; `Prefer: respond-async`: at once, 202
    GET  /api/idexx/schedule-sync/status       the clinic's freshness, or one sync
    GET  /api/idexx/schedule-sync/ID/events    the events, as server-sent events
    GET  /api/idexx/day                        a day of a clinic's calendar, with names for keys that may see them
    GET  /api/idexx/overview                   clinics, syncs, mailboxes, budget, breaker
    GET  /api/idexx/live                       the same as server-sent events: the whole, then what changes
    GET  /  /day                               a read-only dashboard, and a day of a clinic
    GET  /metrics /health /ready /live /openapi.json

Limits: the body (16 KiB, 10 s), the time for receiving a request (20 s) and for sending to a client that does not
read (30 s), the wait for a sync's end (`HTTP_SYNC_WAIT_MS`, then 408 and a cancel), the wait for NATS (10 s), the
number of open connections, the duration of a stream. A client that disconnects while it waits for a sync cancels
it; a gateway that shuts down returns 503 and lets the sync continue.

Access. A key for each caller as `Authorization: Bearer …`: a stored one (`engine.api_key` has the rights), or an
entry of `API_KEYS`, which may read and start syncs. Only hashes are kept. On loopback without `API_KEYS` and signing
keys, callers need no key, but no web page is admitted: requests must be JSON and name a local host. Metrics and
health need no key: they contain no personal data, and probes have none. The dashboard needs none either: it asks for
a key, keeps it until its tab is closed, and sends it to the API.

A worker listens only if `WORKER_HTTP_PORT` is set (0: any free port): in a container of its own it needs probes,
while on a machine with a gateway that one reports the metrics of all processes.
"""
