"""Runs the processes of one machine together: starts them, starts again what dies, and leaves none behind.

Theory of operation. Each command becomes a child in a session of its own, so that a Ctrl-C in the terminal
reaches only the supervisor. A child that ends although nobody asked it to is started again, after a pause
that grows with each failure in a row.

Stopping goes stage by stage: gateway, workers, servers. The stop signal goes to the child alone (dramatiq passes
it on to its forks itself, and takes a second one for "at once"); when the time is over, SIGKILL goes to its
group. What a child leaves behind is found by the mark in its environment (`marked`) and killed, also before it is
started again: a worker whose master died would go on working beside its successor.

If the supervisor is killed itself, its warden, a small process of its own (`warden_process`), does all this in
its place. If both are killed, the next start finds the leftovers by their mark.

`supervise` adds what belongs to a command in a terminal: the first SIGINT or SIGTERM stops everything in order,
the second one at once.
"""

from ops.local.supervision.command import Command, Stage
from ops.local.supervision.supervise import supervise
from ops.local.supervision.supervisor import StartFailed, Supervisor

__all__ = ["Command", "Stage", "StartFailed", "Supervisor", "supervise"]
