"""Syncs, their dates and their events: the only place that writes a state.

Every state change is one statement that names the allowed source states (`engine.sync.sources`), inside the
caller's transaction, together with its event. A statement that finds another state changes nothing and returns
that, so every step may run twice.

Locks are always taken in one order, so nothing deadlocks: the clinic's row (`lock_clinic_row`), the sync's row
(`lock_sync`), then the clinic's data (`engine.store.reconciling.lock_clinic`).

- `admission`: which syncs run, wait or are refused; and which start when a place is free.
- `lifecycle`: the sync's row: lock, start, end.
- `dates`: the dates: dispatch, completion, failure.
- `claims`: a date that a worker holds: claim, heartbeats, snapshot, retry.
- `events`: numbered events, and which of them are not published yet.
- `reading`: read-only queries.
"""
