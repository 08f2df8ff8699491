"""A configuration for a nats-server of one's own: who may say and hear what.

Theory of operation. NATS has two fences, and this uses both. *Accounts* are worlds apart: a subject of one does not
exist in another, except for what is exported and imported by name. *Permissions* of a user say what of its world
it may use, and whatever else it tries gets a permission error.

- The account `IDEXX_SYNC` is the bus: mailboxes, dead letters, buckets, events, and the gateways and workers (one
  role), which may use their own streams but delete none.
- Each clinic has an account with one user. It imports its commands and the events of that clinic. JetStream is not
  enabled there, so there are no streams, no consumers and no buckets to ask for.
- `OPS` imports everything that is said and all that JetStream tells about itself, and none of what changes something.

Why an account for each instead of permissions alone: whoever may ask for something names the subject to which the
answer goes, and permissions do not look at that. Within one account, a client of a clinic could so have the gateway
write its answer into a mailbox, and `ops` could have JetStream write a stored message into one. Across accounts,
answers go back to the asker's account, whatever it names. `tests/safety/test_nats_roles.py` tries both.

A server's configuration is JSON, which nats-server reads as it is. It holds hashes of the passwords only; they
are long and random, so a cheap hash is enough, and a thousand clients can reconnect at once.
"""
