"""Terminal output of commands, and live views of syncs.

`ops.client.events` yields the events of one sync or of all, in order. `progress` folds events into the state of a
sync, a pure value. `progress_bars` draws that state; `follow` keeps the picture on the terminal up to date, or
prints a line per event if there is no terminal.
"""
