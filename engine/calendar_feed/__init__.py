"""A clinic's calendar as an iCalendar document that calendar programs subscribe to.

`entry` is what the calendar has, `event` how a feed shows it, `revisions` which number it gets and what is cancelled,
`document` the iCalendar text.
"""
