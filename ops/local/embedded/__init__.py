"""An embedded nats-server and PostgreSQL, for a machine that has neither.

Theory of operation. Everything is stored in one folder, the *home* (`IDEXX_SYNC_HOME`): the servers' data, logs,
passwords (mode 600) and ports, and the key for portal credentials. The process that runs servers in a home holds a
lock on it. The kernel releases the lock when its holder dies, so no lock is ever stale.

A later start in the same home finds the same data, ports and passwords. After a SIGKILL of everything, the next
start finds processes that still run for the home (by their mark, and PostgreSQL by its pid file), ends them, and
starts new ones. This is safe because it holds the lock.

While servers run, `running.json` (mode 600) describes to other commands on this machine how to reach them.

Both servers listen on 127.0.0.1 only and require a password. NATS writes each message to disk before it
acknowledges it (`sync_interval: always`), because there is no replica. Both are children of a supervisor and are
restarted when they die. PostgreSQL does not run as root: `postgres_place` chooses its folders when root starts it.
"""

from ops.local.embedded.home import Home, HomeInUse, Running
from ops.local.embedded.servers import EmbeddedServers, embedded_servers, start_servers

__all__ = ["EmbeddedServers", "Home", "HomeInUse", "Running", "embedded_servers", "start_servers"]
