"""The rules that decide whether a start can be booked: the closed list, in the order in which they are explained."""

from __future__ import annotations

from enum import StrEnum


class Rule(StrEnum):
    """One rule; part of the interface. Each forbids a start for the reason that its comment gives."""

    #: The clinic's time zone is not known.
    TIME_ZONE = "time_zone"
    #: The columns that count have not been chosen. Where the predecessor was, its capacity is the limit until then.
    COLUMNS_NOT_CHOSEN = "columns_not_chosen"
    #: The requested type is in neither the portal nor the clinic's rules.
    UNKNOWN_TYPE = "unknown_type"
    #: The portal lists providers, and the requested one is not among them.
    UNKNOWN_PROVIDER = "unknown_provider"
    #: The requested column is not one of those that count.
    COLUMN_DOES_NOT_COUNT = "column_does_not_count"
    #: The type may use none of the columns that count.
    TYPE_COLUMNS = "type_columns"
    #: Never forbids: how long the appointment lasts.
    LENGTH = "length"
    #: The second of two instants with the same local time: a start is offered once.
    CLOCK_CHANGE = "clock_change"
    PAST = "past"
    #: Later than now, but within the minimum notice.
    NOTICE = "notice"
    #: After the last day that is offered.
    HORIZON = "horizon"
    #: A date was read too long ago or never, could not be read the last time, or was read with a warning.
    STALE = "stale"
    #: The minute is not on the grid.
    GRID = "grid"
    CLOSED_DAY = "closed_day"
    OPENING_HOURS = "opening_hours"
    #: Outside of the times in which callers may book.
    BOOKABLE_WINDOWS = "bookable_windows"
    #: A period that is never offered, such as lunch.
    RECURRING_BLOCK = "recurring_block"
    #: A block of the whole clinic.
    CLINIC_BLOCK = "clinic_block"
    #: The requested provider has an appointment or a block.
    PROVIDER_BUSY = "provider_busy"
    #: No column is free for the whole length.
    COLUMN_TAKEN = "column_taken"
    #: Bookings and holds that the portal does not show need the columns that are free.
    BOOKING = "booking"
