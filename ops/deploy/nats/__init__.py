"""Generates the configuration of a nats-server: accounts, users, and the subjects that each may use.

Theory of operation. NATS has two mechanisms of isolation, and this configuration uses both. *Accounts* are
separate namespaces: a subject of one account does not exist in another, unless it is exported and imported by
name. *Permissions* of a user limit which subjects of its account it may use; anything else causes a permission
error.

- The account `IDEXX_SYNC` is the bus: mailboxes, dead letters, buckets, events, and the gateways and workers. They
  share one role, which may use its own streams but delete none.
- Each clinic has an account with one user. It imports the commands and events of that clinic. JetStream is not
  enabled there, so it offers no access to streams, consumers or buckets.
- `OPS` imports all messages and all information that JetStream publishes about itself, but nothing that changes
  data.

Permissions alone are not enough: a requester chooses the subject of the reply, and permissions do not check it.
Within one account, a clinic's client could make the gateway write its reply into a mailbox, and `ops` could make
JetStream write a stored message into one. Across accounts, replies go back to the requester's account, whatever
reply subject it names. `tests/safety/test_nats_roles.py` tries both attacks.

The configuration is JSON, which nats-server reads as it is. It contains only hashes of the passwords. The
passwords are long and random, so a cheap hash is enough, and a thousand clients can reconnect at the same time.
"""
