"""The command `free`: which starts a clinic can offer."""

from __future__ import annotations

import asyncio
from datetime import date, timedelta
from typing import Annotated, Any

from cyclopts import Parameter, validators

from actors.settings import Settings
from engine.dates import MAX_DAYS
from engine.errors import BadRequest
from engine.store.offer.asking import PersonalNames
from ops.cli.offer.asking import Column, Minutes, Provider, Slug, Type, ask_offer, names_for, naming, with_ids
from ops.cli.offer.offer_page import show_offer
from ops.local.discovery import settings_here
from ops.terminal.output import Json, answer, console


def free(
    clinic: Slug,
    date_: Annotated[
        date | None, Parameter(name="DATE", help="The first date, YYYY-MM-DD; default: today.")
    ] = None,
    *,
    days: Annotated[int, Parameter(help="Number of dates.", validator=validators.Number(gte=1, lte=MAX_DAYS))] = 1,
    type_: Annotated[Type, Parameter(name="--type")] = None,
    minutes: Minutes = None,
    column: Column = None,
    provider: Provider = None,
    json: Json = False,
) -> None:
    """Show the times that a clinic can offer to a caller, and the columns that are free then.

    If nothing is offered, it prints why, how old the data is, and what would change it. Times are the clinic's.

    Example: `idexx-sync free cedar-creek 2026-12-08 --type Exam`
    """
    body: dict[str, Any] = {"type": type_, "minutes": minutes, "column": column, "provider": provider}
    if date_ is None:
        body["days_ahead"] = days
    else:
        body |= {"start_date": date_, "end_date": _last(date_, days)}
    asyncio.run(_free(settings_here(), clinic, body, json))


def _last(first: date, days: int) -> date:
    try:
        return first + timedelta(days=days - 1)
    except OverflowError:
        raise BadRequest(f"DATE: {first} and {days} days end after {date.max}; give an earlier date") from None


async def _free(settings: Settings, clinic: str, body: dict[str, Any], as_json: bool) -> None:
    is_named = bool(body["column"] or body["provider"])
    names = await names_for(settings, clinic) if is_named or not as_json else PersonalNames()
    sent = with_ids(body, names)
    with naming(body, names):
        reply = await ask_offer(settings, "free", clinic, sent)
    if as_json:
        answer(reply)
    else:
        show_offer(console(), reply, names, None if sent["column"] is None else [sent["column"]])
