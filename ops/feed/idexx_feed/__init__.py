"""Follows a clinic's appointments, or its offer, in idexx-sync: a snapshot, then every change, each applied once.

    async with Feed(nats_url, "cedar-creek", store=SqliteStore(database)) as feed:
        async for batch in feed:
            async with batch as transaction:
                ...  # write the batch; the cursor is saved in the same transaction

The stores are in `idexx_feed.asyncpg`, `idexx_feed.sqlalchemy` and `idexx_feed.sqlite`.
"""

from .batch import AppointmentBatch, OfferBatch
from .errors import CursorMoved, FeedError, NotApplied, Refused, Unavailable, UnexpectedReply
from .events import Appointment, AppointmentChange, OfferChange, Place, Start
from .feed import Feed, OfferFeed
from .store import Store

__all__ = [
    "Appointment",
    "AppointmentBatch",
    "AppointmentChange",
    "CursorMoved",
    "Feed",
    "FeedError",
    "NotApplied",
    "OfferBatch",
    "OfferChange",
    "OfferFeed",
    "Place",
    "Refused",
    "Start",
    "Store",
    "Unavailable",
    "UnexpectedReply",
]
