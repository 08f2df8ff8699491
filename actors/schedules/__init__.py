"""Syncs that nobody asks for: each clinic's schedule, and the goal that says how old its calendar may become.

The facts are in PostgreSQL (`clinic_sync_schedules`), the clock is on NATS (`broker.primitives.cron_clock`). A
gateway holds the
one against the other every few seconds (`keeping`), so that a lost stream, a failed publish or a changed time zone
mend themselves. The server stores a tick when a schedule is due, whoever is alive; a gateway takes it and has it
admitted like any request (`due`), under a request id that is made from the clinic and the tick.
"""
