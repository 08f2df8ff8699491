"""The command `why`: why a clinic can offer a time, or why not."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

from cyclopts import Parameter

from actors.settings import Settings
from engine.store.offer.asking import PersonalNames
from ops.cli.offer.asking import Column, Minutes, Provider, Slug, Type, ask_offer, names_for, naming, with_ids
from ops.cli.offer.explanation_page import show_explanation
from ops.local.discovery import settings_here
from ops.terminal.output import Json, answer, console


def why(
    clinic: Slug,
    at: Annotated[
        str,
        Parameter(name="TIME", help="The start, on the clinic's clock: '2026-12-08 10:30'; or with an offset."),
    ],
    *,
    type_: Annotated[Type, Parameter(name="--type")] = None,
    minutes: Minutes = None,
    column: Column = None,
    provider: Provider = None,
    json: Json = False,
) -> None:
    """Show whether a clinic can offer a time, and every rule that decided, in order.

    Each rule comes with its value, where it comes from, and, if it forbids the time, what would change it.

    Example: `idexx-sync why cedar-creek '2026-12-08 10:30' --type Exam`
    """
    body = {"at": at.strip(), "type": type_, "minutes": minutes, "column": column, "provider": provider}
    asyncio.run(_why(settings_here(), clinic, body, json))


async def _why(settings: Settings, clinic: str, body: dict[str, Any], as_json: bool) -> None:
    is_named = bool(body["column"] or body["provider"])
    names = await names_for(settings, clinic) if is_named or not as_json else PersonalNames()
    with naming(body, names):
        reply = await ask_offer(settings, "why", clinic, with_ids(body, names))
    if as_json:
        answer(reply)
    else:
        show_explanation(console(), reply, names)
