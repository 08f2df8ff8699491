"""Reports whether a process is healthy (`/health`), and whether it can take work now (`/ready`).

Each check has a name, and returns `pass`, `warn` or `fail` with a sentence for the operator. All checks run at
once, each with its own limit, so the report takes at most 2 s even if NATS or PostgreSQL hang; a hanging check is
not started again before it ends (`actors.health.probe`). `warn` does not make a process unhealthy: high memory use
or a dead letter is for an operator, not a reason for a supervisor to restart anything.

Every process has the same checks. The queue and the mailboxes are the cluster's, the browsers this machine's, the
rest its own. `/live` checks nothing: a response shows that the process is alive.
"""

from actors.health.checks import checks_of
from actors.health.report import Check, Finding, Health, Report, Status

__all__ = ["Check", "Finding", "Health", "Report", "Status", "checks_of"]
