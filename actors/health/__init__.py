"""Whether a process is well (`/health`), and whether it can take work now (`/ready`).

Each check has a name, and answers `pass`, `warn` or `fail` with a sentence for the person who reads it. All are made
at once, each with its own limit, so that the whole comes within 2 s also when NATS or PostgreSQL hang; a check that
hangs is not made a second time before it is done (`actors.health.probe`). `warn` does not make a process unwell: a
full memory or a dead letter is news for a person, not a reason for a supervisor to restart anything.

Every process has the same checks. The queue and the mailboxes are the cluster's, the browsers this machine's, the
rest its own. `/live` asks nothing: that it is answered is the answer.
"""

from actors.health.checks import checks_of
from actors.health.report import Check, Finding, Health, Report, Status

__all__ = ["Check", "Finding", "Health", "Report", "Status", "checks_of"]
