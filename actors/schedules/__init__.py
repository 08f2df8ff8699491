"""Scheduled syncs: each clinic's schedule, and the goal for the age of its calendar.

The facts are in PostgreSQL (`clinic_sync_schedules`), the clock is on NATS (`broker.primitives.cron_clock`). A
gateway compares the two every few seconds (`actors.gateway.schedule_reconciler`), so a lost stream, a failed
publish or a changed time zone is repaired. The NATS server stores a tick when a schedule is due, whatever
processes are alive; a gateway takes it and has it admitted like any request (`actors.gateway.schedule_ticks`),
under a request id made from the clinic and the tick.
"""
