"""The change feeds of a clinic. The names are part of the interface: they are in the subjects of the events."""

from __future__ import annotations

from enum import StrEnum


class Feed(StrEnum):
    """What a feed's changes are about."""

    APPOINTMENT = "appointment"
    OFFER = "offer"
