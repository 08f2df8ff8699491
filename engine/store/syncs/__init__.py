"""Syncs, their dates and their events: the only place that writes a state.

Every change of a state happens here, in one statement that names the states it may come from
(`engine.sync.sources`), inside the caller's transaction, together with the event that tells it. A statement
that finds another state changes nothing and says so by its answer, so every step may run twice.

Locks are always taken in one order, so that nothing deadlocks: the clinic's row (`lock_clinic_row`), the
sync's row (`lock_sync`), then the clinic's data (`engine.store.reconciling.lock_clinic`).

- `admission`: who may run, who waits, who is refused; and who starts when a place is free.
- `lifecycle`: the sync's row: lock, start, end.
- `dates`: the dates: dispatch, completion, failure.
- `claims`: a date in a worker's hands: claim, signs of life, snapshot, another try.
- `events`: what happened, numbered; and what of it has not been published yet.
- `reading`: the same, for people and programs that only look.
"""
