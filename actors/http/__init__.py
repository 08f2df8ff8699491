"""HTTP for those who do not speak NATS: metrics and health of every process, and the API of the gateway.

The API is a client of the NATS interface and nothing else. It turns a request into a NATS request, and the events of
a sync into an answer at its end or into a stream; whatever is decided, is decided by the service that answers on
NATS, in this gateway or in another one. So a refusal has the same code, reason and message on both ways.

    POST /api/idexx/schedule-sync              a sync, answered when it ends; `Prefer: respond-async`: at once, 202
    GET  /api/idexx/schedule-sync/status       the clinic's freshness, or one sync
    GET  /api/idexx/schedule-sync/ID/events    the events, as server-sent events
    GET  /api/idexx/overview                   clinics, syncs, mailboxes, budget, breaker
    GET  /api/idexx/live                       the same as server-sent events: the whole, then what changes
    GET  /                                     a page that shows it, for people
    GET  /metrics /health /ready /live /openapi.json

What is limited: the body (16 KiB, 10 s), the time in which a request must have come (20 s) and what is sent must be
taken (30 s), the wait for a sync's end (`HTTP_SYNC_WAIT_MS`, then 408 and a cancel), the wait for NATS (10 s), how many
connections are open at once, how long a stream stays open. A client that goes away while it waits for a sync cancels
it; a gateway that shuts down answers 503 and lets the sync go on.

Who may ask. On loopback anybody, but no web page: requests must be JSON and name a local host. With
`API_KEYS`, and always beyond loopback, a key for each caller as `Authorization: Bearer …`; the settings hold
hashes only. Metrics and health need no key: they hold no personal data, and probes have none. Nor does the page: it
asks for one, keeps it until its tab is closed, and sends it to the API.

A worker listens only if `WORKER_HTTP_PORT` is set (0: any free port): in a container of its own it needs probes,
while on a machine with a gateway that one tells the metrics of all.
"""
