"""The commands `bookings list|settle|release`: shows bookings by telephone, and decides what becomes of them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict
from typing import Annotated, Any

from cyclopts import App, Parameter
from rich.markup import escape

from actors.settings import Settings
from engine.action import DONE, Source, Verb
from engine.booking import Booking, BookingState
from engine.store import bookings as store
from engine.store.actions import begin_action, end_action
from engine.store.clinics import find_clinic
from ops.cli.confirm import Yes, confirm
from ops.client.connections import open_database
from ops.client.user_name import user_name
from ops.local.discovery import database_url, settings_here
from ops.terminal.output import Json, answer, console, say
from ops.terminal.tables import table

bookings = App(name="bookings", help="Bookings by telephone: list them, and decide about those that wait.")

Id = Annotated[str, Parameter(name="BOOKING", help="Its id, or its confirmation number.")]

#: What each state means to a person.
MEANINGS = {
    BookingState.HELD: "held: the caller is on the telephone",
    BookingState.EXPIRED: "[yellow]expired: is it real?[/]",
    BookingState.RELEASED: "released: its hold has expired",
    BookingState.CONFIRMED: "confirmed: not in the portal yet",
    BookingState.RESCHEDULED: "rescheduled: not in the portal yet",
    BookingState.SEEN: "[green]in the portal[/]",
}


@bookings.command(name="list")
def list_(
    clinic: Annotated[str, Parameter(help="The clinic's slug.")],
    *,
    all_: Annotated[
        bool,
        Parameter(
            name="--all", negative=(), show_default=False, help="Past ones, and those in the portal, as well."
        ),
    ] = False,
    json: Json = False,
) -> None:
    """Bookings that take a place or wait for a decision, with names.

    A booking takes its place until the portal shows it (same time, same telephone number or patient), or until you
    settle or release it.

    Example: `idexx-sync bookings list cedar-creek`
    """
    found = asyncio.run(_list(settings_here(), clinic, all_))
    if json:
        for one in found:
            answer(asdict(one) | {"needs_attention": one.needs_attention})
        return
    shown = table("number", "when", "patient", "client", "telephone", "state", wrap=("patient", "client", "state"))
    for one in found:
        shown.add_row(
            *(one.confirmation_number or str(one.id), f"{one.date} {one.start_time:%H:%M}"),
            *(escape(text) for text in (one.patient_name, one.client_name, one.client_phone)),
            MEANINGS[one.state] + ("; [red]the portal has filled its slot[/]" if one.has_conflict else ""),
        )
    console().print(shown if found else f"no booking of {clinic} waits")
    if any(one.needs_attention for one in found):
        say("next: idexx-sync bookings settle BOOKING, or release BOOKING")


@bookings.command
def settle(
    booking: Id,
    *,
    confirm: Annotated[
        bool,
        Parameter(negative=(), show_default=False, help="It is real, but not in the portal yet: keep its place."),
    ] = False,
    json: Json = False,
) -> None:
    """Settle a booking: the portal has it, under another name or number, so it takes no place of its own.

    With `--confirm`, the booking is real and not in the portal yet: it keeps its place until the portal shows it.

    Example: `idexx-sync bookings settle ODIS-7K2M9QXA`
    """
    decision = store.confirm_booking if confirm else store.settle_booking
    _decide(settings_here(), booking, decision, Verb.CONFIRM if confirm else Verb.SETTLE)
    if json:
        answer({"ok": True, "booking": booking, "status": "confirmed" if confirm else "seen"})
    else:
        say(
            f"{booking} " + ("keeps its place until the portal shows it" if confirm else "takes no place any more")
        )


@bookings.command
def release(booking: Id, *, yes: Yes = False, json: Json = False) -> None:
    """Cancel a booking that is not real, such as that of a caller who hung up: its place is free.

    Example: `idexx-sync bookings release ODIS-7K2M9QXA --yes`
    """
    if not yes:
        confirm(f"Cancel booking {booking}, and offer its place to others?")
    _decide(settings_here(), booking, store.release_booking, Verb.RELEASE)
    if json:
        answer({"ok": True, "booking": booking, "status": "cancelled"})
    else:
        say(f"{booking} is cancelled; its place is free")


async def _list(settings: Settings, slug: str, everything: bool) -> Sequence[Booking]:
    async with open_database(database_url(settings)) as connection:
        found = await store.list_bookings(connection, await find_clinic(connection, slug), past=everything)
    waiting = (one for one in found if one.takes_place or one.needs_attention)
    return found if everything else list(waiting)


def _decide(
    settings: Settings, booking: str, decision: Callable[[Any, str], Awaitable[store.Decided]], verb: Verb
) -> None:
    async def run() -> None:
        async with open_database(database_url(settings)) as connection, connection.transaction():
            decided = await decision(connection, booking)
            clinic, about = str(decided.clinic_id), {"booking_id": decided.id}
            begun = await begin_action(connection, clinic, verb, Source.CLI, user_name(), **about)
            if begun is not None:
                await end_action(connection, begun[0], DONE)

    asyncio.run(run())
