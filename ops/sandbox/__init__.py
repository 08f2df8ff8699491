"""The sandbox portal: a small web application that behaves as the IDEXX Neo portal is known to behave.

The real portal cannot be used for development, so the sandbox is part of the product. It is independent: it
imports nothing from engine, broker or actors, so that an error in their assumptions shows as a difference.

A *clinic* (clinics.py) has a *schedule* (schedule.py) of *records* (records.py). The records of a day are
generated from the seed when the day is first read (days.py), and later altered by changes (changes.py). A record
itself returns its true values; neither the portal's field variants (field_variants.py) nor drift (drift.py) change
them.

Every call to the portal takes the same path (Portal.answer): the request log records it, the rate limit may refuse
it, it takes its latency, a fault may apply (faults.py), and then the sign-in (signin.py) or the pages and calls
behind it (calls.py) handle it. fault_settings.py defines all settings; a rule there says which calls fail, how,
and how often.

The control pages under /_sandbox (control.py) are for tests and demos and never count as calls: the clinics with
their passwords, the truth, the fault settings, changes, and the request log. client.py is their typed client, and
can start a sandbox as a process.

Guaranteed: equal seeds give equal calendars on equal days; the next call sees a change; the request log contains
every call, including those in flight or abandoned. Not guaranteed: looking like the real portal, or keeping any
data after it stops.
"""
