"""`idexx-sync console`: shows the whole system on one screen, with keys to act on it.

Theory of operation. The console stores nothing: closing it loses nothing, and several consoles show the same. It
requests an overview from the gateway every two seconds; between overviews it follows the events of the syncs that
have not ended. Both use NATS only, so the console works from any machine with NATS credentials. With read-only
credentials it only displays.

`source` sends requests and actions. `overview` holds a response as a value (`ConsoleOverview`). `state`
(`ConsoleState`) holds the newest overview, the events since then, and the reason if there is no newer one. `rows`
turns these into rows and lines of text: pure. `app` arranges them on the screen and handles keys; `screens` are the
screens that open above it; `widgets` update in place. Ages are computed with the database's clock, which is part of
each overview, so the clock of the console's machine does not matter.
"""
