"""Proves that consumers of the feeds hold what the clinics hold: `python -m ops.faults.feed --seed 1 --minutes 60`.

Every process is real and on this machine. In each round both clinics of the sandbox change and are synced, and bookings
are made, moved and cancelled, while nats-server, PostgreSQL and the gateway are killed at random. Three consumers, one
for each store of `idexx_feed`, follow the appointments and the offer of both clinics. They are killed with SIGKILL all
the time: at random moments, and at the worst ones, before and after a commit. At times one misses more than is kept.

Afterwards each must hold exactly what `schedule_appointments` and the offer hold, and must have applied no change
twice. A naive consumer, which applies the events that it receives, is killed as often: it must differ.
"""
