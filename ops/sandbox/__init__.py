"""The sandbox portal: a small real web application that behaves as the IDEXX Neo portal is known to.

Nobody can develop against the real portal, so this one is a part of the product. It is independent: it imports
nothing of engine, broker or actors, so that a misunderstanding of theirs shows as a difference.

A *clinic* (clinics.py) has a *schedule* (schedule.py) of *records* (records.py). A day's records are drawn from
the seed when the day is first looked at (days.py), and later altered by changes (changes.py). What is true of a
record is told by the record itself; how the portal writes it down (spelling.py), and what goes wrong on the way
(drift.py), never touches it.

Every call to the portal goes one way (Portal.answer): the request log notes it, the rate limit may refuse it, it
takes its latency, a fault may strike it (faults.py), and only then it is answered: by the sign-in (signin.py)
or by what lies behind it (calls.py). What can be turned is in fault settings.py; a rule there says which calls
misbehave, how, and how often.

Beside the portal, under /_sandbox and never counted as a call, stand the pages for tests and demos
(control.py): the clinics with their passwords, the truth, the fault settings, changes, the request log.
client.py is their
typed client, and can start a sandbox as a process.

Promised: equal seeds show equal calendars on equal days; a change is seen by the next call; the request log has
every call, also one in flight or given up. Not promised: to look like the real portal, or to keep anything when
it stops.
"""
