"""Runs the processes of one machine: starts them, restarts those that die, and leaves none behind.

Theory of operation. Each command becomes a child in its own session, so that Ctrl-C in the terminal
reaches only the supervisor. A child that ends unexpectedly is restarted after a pause that grows with each
failure in a row.

Children are stopped in stages: gateway, workers, servers. The stop signal goes only to the child (dramatiq passes
it on to its forks, and interprets a second one as "immediately"). After the timeout, SIGKILL goes to its group.
Processes that a child leaves behind are found by the mark in their environment (`process_markers`) and killed,
also before a restart: a worker whose master died would otherwise keep working beside its successor.

If the supervisor itself is killed, its watchdog, a small separate process, stops the children instead; it is in
`ops.local.watchdog`, with `process_markers`. If both are killed, the next start finds the leftover processes by their
mark.

`supervise` adds signal handling for a command in a terminal: the first SIGINT or SIGTERM stops everything in
order, the second one immediately.
"""

from ops.local.supervision.command import Command, Stage
from ops.local.supervision.supervise import supervise
from ops.local.supervision.supervisor import StartFailed, Supervisor

__all__ = ["Command", "Stage", "StartFailed", "Supervisor", "supervise"]
