"""A nats-server and a PostgreSQL of our own, for a machine that has neither.

Theory of operation. Everything lives under one folder, the *home* (`IDEXX_SYNC_HOME`): the servers' data, their
logs, their passwords (mode 600), the ports that they were given, the key for portal credentials. Whoever runs
servers there holds a lock on the home, which the kernel takes back when its holder dies, so no lock is ever stale.

Starting the servers again in the same home finds the same data, ports and passwords. After a SIGKILL of
everything, what still runs in the home's name is found (by its mark, and PostgreSQL by its own pid file), ended,
and started anew: with the lock in our hand nobody else can be using it.

While servers run, `running.json` (mode 600) tells other commands on this machine how to reach them.

Both listen on 127.0.0.1 only and ask for a password. NATS writes each message to the disk before it says so
(`sync_interval: always`), since there is no second copy. They are children of a supervisor like all others: one
that dies is started again. PostgreSQL does not run as root: `postgres_place` says where it is if root starts it.
"""

from ops.local.embedded.home import Home, HomeInUse, Running
from ops.local.embedded.servers import EmbeddedServers, embedded_servers, start_servers

__all__ = ["EmbeddedServers", "Home", "HomeInUse", "Running", "embedded_servers", "start_servers"]
