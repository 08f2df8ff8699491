"""The tables of the consumers of a fault run, in SQL that SQLite and PostgreSQL understand. Values are text."""

from __future__ import annotations

from idexx_feed import Appointment, AppointmentChange, OfferChange, Start

CREATE = (
    "create table if not exists {schema}appointments (clinic text, id text, neo_id text, date text, start_time text,"
    " end_time text, room_id text, status text, primary key (clinic, id))",
    "create table if not exists {schema}starts (clinic text, starts_at text, columns text,"
    " primary key (clinic, starts_at))",
    # A change that is applied twice violates its key.
    "create table if not exists {schema}applied (feed text, feed_id text, position text,"
    " primary key (feed, feed_id, position))",
)

CLEAR_APPOINTMENTS = "delete from {schema}appointments where clinic = ?"
DELETE_APPOINTMENT = "delete from {schema}appointments where clinic = ? and id = ?"
INSERT_APPOINTMENT = "insert into {schema}appointments values (?, ?, ?, ?, ?, ?, ?, ?)"
CLEAR_STARTS = "delete from {schema}starts where clinic = ?"
DELETE_START = "delete from {schema}starts where clinic = ? and starts_at = ?"
INSERT_START = "insert into {schema}starts values (?, ?, ?)"
INSERT_APPLIED = "insert into {schema}applied values (?, ?, ?)"

READ_APPOINTMENTS = (
    "select id, neo_id, date, start_time, end_time, room_id, status from {schema}appointments where clinic = ?"
)
READ_STARTS = "select starts_at, columns from {schema}starts where clinic = ?"
COUNT_APPLIED = "select count(*) from {schema}applied"


def appointment_row(clinic: str, one: Appointment) -> tuple[str | None, ...]:
    return (
        *(clinic, str(one.appointment_id), one.neo_appointment_id, one.date.isoformat()),
        *(one.start_time.isoformat(), one.end_time.isoformat(), one.room_id, one.status),
    )


def start_row(clinic: str, one: Start) -> tuple[str, ...]:
    return clinic, one.starts_at.isoformat(), str(one.column_count)


def applied_row(feed: str, change: AppointmentChange | OfferChange) -> tuple[str, ...]:
    return feed, str(change.feed_id), str(change.position)
