"""The rules of an offer in words for a person."""

from __future__ import annotations

from typing import NamedTuple

from engine.offer.rule import Rule


class Words(NamedTuple):
    """`title`: what the rule looks at. `against`: why it forbids a start."""

    title: str
    against: str


WORDS: dict[Rule, Words] = {
    Rule.TIME_ZONE: Words("time zone", "the clinic's time zone is not known"),
    Rule.COLUMNS_NOT_CHOSEN: Words("columns that count", "the columns that count have not been chosen"),
    Rule.UNKNOWN_TYPE: Words("type", "the type is not known"),
    Rule.UNKNOWN_PROVIDER: Words("provider", "the provider is not known"),
    Rule.COLUMN_DOES_NOT_COUNT: Words("requested column", "the column does not count"),
    Rule.TYPE_COLUMNS: Words("columns of the type", "the type may use none of the columns that count"),
    Rule.LENGTH: Words("length", "never"),
    Rule.CLOCK_CHANGE: Words("clock change", "the local time exists twice"),
    Rule.PAST: Words("now", "it is past"),
    Rule.NOTICE: Words("minimum notice", "the notice is too short"),
    Rule.HORIZON: Words("horizon", "it is too far ahead"),
    Rule.STALE: Words("age of the data", "the data is too old or in doubt"),
    Rule.GRID: Words("grid", "it is not on the grid"),
    Rule.CLOSED_DAY: Words("closed day", "the clinic is closed that day"),
    Rule.OPENING_HOURS: Words("opening hours", "the clinic is not open"),
    Rule.BOOKABLE_WINDOWS: Words("bookable times", "it is outside the bookable times"),
    Rule.RECURRING_BLOCK: Words("recurring block", "it is in a recurring block"),
    Rule.CLINIC_BLOCK: Words("block", "a block of the whole clinic"),
    Rule.PROVIDER_BUSY: Words("provider", "the provider is busy"),
    Rule.COLUMN_TAKEN: Words("columns", "no column is free"),
    Rule.BOOKING: Words("bookings", "bookings take the free columns"),
}


def title(rule: str) -> str:
    """What the rule looks at; a rule of a newer gateway as it is called."""
    return WORDS[Rule(rule)].title if rule in tuple(Rule) else rule


def against(rule: str) -> str:
    """Why the rule forbids a start; a rule of a newer gateway as it is called."""
    return WORDS[Rule(rule)].against if rule in tuple(Rule) else rule
