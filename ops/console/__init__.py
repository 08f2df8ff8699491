"""`idexx-sync console`: everything that goes on, on one screen, with keys to act.

Theory of operation. The console keeps nothing: close it, and nothing is lost; open three, and they show the same. It
asks the gateway for an overview every two seconds, and between two overviews it follows the events of the syncs that
are not over. Both come over NATS, which is all it needs, so it works from any machine with a credential; one that may
only read gets a console that only shows.

`source` asks and acts. `glance` is what was answered, as a value; `known` has the newest one, the events since, and
why there is none newer. `rows` turns them into rows and lines: pure. `app` arranges them on the screen and has the
keys; `screens` are what opens above it; `widgets` change in place. Ages are told by the database's clock, which comes
with each overview, so the console's machine may have any time it likes.
"""
