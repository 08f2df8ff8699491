"""`idexx-sync console`: everything that goes on, on one screen, with keys to act.

Theory of operation. The console keeps nothing: close it, and nothing is lost; open three, and they show the same. It
asks the gateway for an overview every `REFRESH` seconds (`source`), and between two overviews it follows the events
of the syncs that are not over. Both come over NATS, which is all it needs, so it works from any machine with a
credential; one that may only read gets a console that only shows.

`source` asks and acts. `glance` is what was answered, as a value. `rows` turns it into rows and lines: pure. `app`
arranges them on the screen; `screens` are what opens above it. Ages are told by the database's clock, which comes
with each overview, so the console's machine may have any time it likes.
"""
