"""Schedules: their texts, the clock on the server, and that the one is the other."""
