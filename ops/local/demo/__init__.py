"""The demo: all of it in a minute, with a sandbox portal, and checked.

`story` is the run from start to stop. What it tells comes from where anybody else would get it: the requests go
out over NATS, progress comes from the event stream, the tables come from PostgreSQL (`stored`, `tables`), and
`compare` holds every field of every appointment against what the sandbox says is true. One difference, and the
demo fails.

It has a home of its own and begins anew each time, so it never mixes invented clinics with real ones. Where
`DATABASE_URL` names a server that holds other clinics, it refuses to run.
"""
