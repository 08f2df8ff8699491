"""The commands `calendar-feed new|list|revoke`: manage the calendars that calendar programs subscribe to."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, TypeVar

from cyclopts import App, Parameter
from rich.markup import escape

from actors.http.calendar_feeds import FOLDER
from actors.http.key_cache import CACHED_FOR
from actors.http.keys import fingerprint, new_feed_token
from actors.http.server import is_loopback
from actors.settings import Settings
from engine.calendar_feed.feed import DAYS_AHEAD, DAYS_BACK, CalendarFeed, FeedScope
from engine.issued import check_name
from engine.store import calendar_feeds as store
from engine.store.calendar_feeds.scope import named_scope, resolve_scope
from engine.store.clinics import find_clinic
from engine.store.database import Connection
from ops.client.connections import open_database
from ops.client.user_name import user_name
from ops.local.discovery import database_url, settings_here
from ops.terminal.durations import lifetime_of
from ops.terminal.output import Json, answer, console, say
from ops.terminal.tables import ago, table

T = TypeVar("T")

calendar_feed = App(
    name="calendar-feed", help="Make, list and revoke calendars (iCalendar) that calendar programs subscribe to."
)


@calendar_feed.command
def new(
    name: Annotated[str, Parameter(help="What the calendar is called, such as front-desk; it is shown in logs.")],
    *,
    clinic: Annotated[str, Parameter(help="The slug of the clinic.")],
    column: Annotated[
        list[str] | None,
        Parameter(
            help="Ids or names of the columns that it shows; default: all.", consume_multiple=True, negative=()
        ),
    ] = None,
    provider: Annotated[
        str | None, Parameter(help="Id or name of the only provider whose appointments it shows; default: all.")
    ] = None,
    names: Annotated[
        bool,
        Parameter(
            help="Show the names of patients, clients, columns and providers, types, and the titles of blocks. "
            "Anybody who has the address sees them.",
            negative=(),
        ),
    ] = False,
    days_back: Annotated[int, Parameter(help="How many days before today it shows.")] = DAYS_BACK,
    days_ahead: Annotated[int, Parameter(help="How many days after today it shows.")] = DAYS_AHEAD,
    expires: Annotated[
        str | None,
        Parameter(help="How long the address is valid, such as 12h or 90d; default: until it is revoked."),
    ] = None,
    json: Json = False,
) -> None:
    """Make a calendar feed and print its address, once: only a hash of its token is stored.

    Anybody who has the address can read the feed, so treat it like a password. A name may have several addresses, so
    that one can be replaced without a pause.

    Example: `idexx-sync calendar-feed new exam-1 --clinic elm-street --column 'Exam 1' --names`
    """
    check_name(name)
    expires_in = None if expires is None else lifetime_of(expires)
    wanted = FeedScope(tuple(column) if column else None, provider, names, days_back, days_ahead)
    token = new_feed_token()

    async def run(connection: Connection) -> tuple[CalendarFeed, FeedScope]:
        about = await find_clinic(connection, clinic)
        stored = await store.add_feed(
            connection,
            name,
            fingerprint(token),
            clinic=about,
            scope=await resolve_scope(connection, about, wanted),
            expires_in=expires_in,
            created_by=user_name(),
        )
        return stored, await named_scope(connection, stored)

    (made, named), settings = _with_database(run), settings_here()
    address = f"{_base(settings)}{FOLDER}/{token}.ics"
    if json:
        answer({"ok": True, **_view(made), "token": token, "url": address})
        return
    say(f"{name}: {_scope(made.clinic, named)}; valid {_until(made)}")
    if settings.http_public_url is None and is_loopback(settings.http_host):
        say("calendar programs on other machines need another address: see docs/calendar-feed.md")
    say("the address, which is not shown again; subscribe to it in a calendar program:")
    print(address)


@calendar_feed.command(name="list")
def list_(
    *,
    all_: Annotated[
        bool,
        Parameter(name="--all", negative=(), show_default=False, help="Expired and revoked feeds as well."),
    ] = False,
    json: Json = False,
) -> None:
    """List the feeds: what each shows, and when it was last read.

    Example: `idexx-sync calendar-feed list`
    """
    now = datetime.now(UTC)

    async def run(connection: Connection) -> list[tuple[CalendarFeed, FeedScope]]:
        feeds = [feed for feed in await store.list_feeds(connection) if all_ or feed.state(now) == "valid"]
        return [(feed, await named_scope(connection, feed)) for feed in feeds]

    found = _with_database(run)
    if json:
        for feed, _ in found:
            answer(_view(feed) | {"state": feed.state(now)})
        return
    console().print(
        _table(found, now)
        if found
        else "no calendar feed is stored; next: idexx-sync calendar-feed new NAME --clinic CLINIC"
    )


@calendar_feed.command
def revoke(
    feed: Annotated[str, Parameter(help="Its name, or its id as listed.")],
    *,
    json: Json = False,
) -> None:
    """Revoke a feed. Gateways refuse its address within 10 seconds; programs keep what they have read.

    Example: `idexx-sync calendar-feed revoke exam-1`
    """

    async def run(connection: Connection) -> CalendarFeed:
        return await store.revoke_feed(connection, feed, datetime.now(UTC))

    revoked = _with_database(run)
    if json:
        answer({"ok": True, "id": revoked.id, "name": revoked.name, "revoked": True})
    else:
        say(f"revoked {revoked.name} ({str(revoked.id)[:8]}); gateways refuse it within {CACHED_FOR:g} s")


def _with_database(run: Callable[[Connection], Awaitable[T]]) -> T:
    async def connected() -> T:
        async with open_database(database_url(settings_here())) as connection:
            return await run(connection)

    return asyncio.run(connected())


def _base(settings: Settings) -> str:
    """The address by which programs reach a gateway, as far as this machine knows it."""
    if settings.http_public_url is not None:
        return settings.http_public_url.rstrip("/")
    host = f"[{settings.http_host}]" if ":" in settings.http_host else settings.http_host
    return f"http://{host}:{settings.http_port}"


def _view(feed: CalendarFeed) -> dict[str, Any]:
    return {
        "id": feed.id,
        "name": feed.name,
        "clinic": feed.clinic,
        "columns": None if feed.scope.columns is None else list(feed.scope.columns),
        "provider": feed.scope.provider,
        "names": feed.scope.names,
        "days_back": feed.scope.days_back,
        "days_ahead": feed.scope.days_ahead,
        "created_at": feed.created_at,
        "created_by": feed.created_by,
        "expires_at": feed.expires_at,
        "last_used_at": feed.last_used_at,
        "revoked_at": feed.revoked_at,
    }


def _scope(clinic: str, scope: FeedScope) -> str:
    parts = [f"clinic {clinic}"]
    if scope.columns is not None:
        parts.append(f"columns {', '.join(scope.columns)}")
    if scope.provider is not None:
        parts.append(f"provider {scope.provider}")
    parts.append("with names" if scope.names else "without names")
    return ", ".join(parts)


def _until(feed: CalendarFeed) -> str:
    return "until it is revoked" if feed.expires_at is None else f"until {feed.expires_at:%Y-%m-%d %H:%M} UTC"


def _table(found: Sequence[tuple[CalendarFeed, FeedScope]], now: datetime) -> Any:
    shown = table(
        *("name", "id", "clinic", "shows", "names", "expires", "last read", "made by"),
        wrap=("name", "shows", "made by"),
    )
    for feed, scope in found:
        state = feed.state(now)
        expires = "never" if feed.expires_at is None else f"{feed.expires_at:%Y-%m-%d}"
        part = ", ".join(scope.columns or ()) or scope.provider or "everything"
        shown.add_row(
            *(feed.name, str(feed.id)[:8], feed.clinic, escape(part), "yes" if scope.names else "no"),
            expires if state == "valid" else f"[red]{state}[/]",
            *(ago(feed.last_used_at, now), escape(feed.created_by)),
        )
    return shown
