"""Syncs as they happen: from the event stream to a person's terminal.

`events` finds the events of a sync, or of all, in order, however late one joins. `progress` folds events into what is
known of a sync: a pure value, that a picture can be made of at any moment. `picture` draws it; `show` keeps the
picture on the terminal up to date, or prints a line for each event where there is no terminal.
"""
