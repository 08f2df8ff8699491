"""The commands `free`, `why` and `appointments`: what a clinic can offer, why, and what takes its time.

`free` and `why` ask a gateway over NATS, whose replies have ids only. Where PostgreSQL is at hand, names of columns
and providers are read from there. `appointments` reads PostgreSQL, since patients' names are never on NATS.
"""
