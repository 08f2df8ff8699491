"""The demo: runs the whole system against a sandbox portal in about a minute, and checks the result.

`story` runs it from start to stop and uses the public interfaces only: requests go over NATS, progress comes from
the event stream, and the tables come from PostgreSQL (`stored`, `tables`). `compare` checks every field of every
appointment against the sandbox's data. One difference fails the demo.

The demo has its own home and starts from nothing each time, so it never mixes sandbox clinics with real ones. If
`DATABASE_URL` names a server that holds other clinics, it refuses to run.
"""
