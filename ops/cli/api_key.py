"""The commands `api-key new|list|revoke`: manage the keys of the HTTP API."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, TypeVar

from cyclopts import App, Parameter
from rich.markup import escape

from actors.http.key_cache import CACHED_FOR
from actors.http.keys import fingerprint, new_key
from engine.api_key import ApiKey, read_rights
from engine.issued import check_name
from engine.store import api_keys as store
from engine.store.clinics import find_clinic
from engine.store.database import Connection
from ops.client.connections import open_database
from ops.client.user_name import user_name
from ops.local.discovery import database_url, settings_here
from ops.terminal.durations import lifetime_of
from ops.terminal.output import Json, answer, console, say, warn
from ops.terminal.tables import ago, table

T = TypeVar("T")

api_key = App(name="api-key", help="Make, list and revoke keys of the HTTP API and the web dashboard.")


@api_key.command
def new(
    name: Annotated[str, Parameter(help="Who gets the key, such as front-desk; it is shown in logs.")],
    *,
    clinic: Annotated[
        str | None, Parameter(help="The slug of the only clinic that the key is for; default: all.")
    ] = None,
    may: Annotated[
        str,
        Parameter(
            help="What the key may do, separated by commas. read: see clinics, syncs and free times. names: see the "
            "names of patients and clients as well. act: start and cancel syncs, decide on removals, settle bookings."
        ),
    ] = "read",
    expires: Annotated[
        str | None, Parameter(help="How long the key is valid, such as 12h or 90d; default: until it is revoked.")
    ] = None,
    json: Json = False,
) -> None:
    """Make a key of the HTTP API and print it, once: only its hash is stored.

    A name may have several keys, so that a key can be replaced without a pause.

    Example: `idexx-sync api-key new front-desk --clinic elm-street --may read,names --expires 90d`
    """
    check_name(name)
    rights, expires_in = read_rights(may.split(",")), None if expires is None else lifetime_of(expires)
    key = new_key()

    async def run(connection: Connection) -> tuple[ApiKey, list[ApiKey]]:
        about = None if clinic is None else await find_clinic(connection, clinic)
        known = await store.list_api_keys(connection, name)
        made = await store.add_api_key(
            connection,
            name,
            fingerprint(key),
            clinic=about,
            rights=rights,
            expires_in=expires_in,
            created_by=user_name(),
        )
        return made, [one for one in known if one.name == name and one.state(made.created_at) == "valid"]

    made, older = _with_database(run)
    if older:
        revoke_them = "; ".join(f"idexx-sync api-key revoke {str(one.id)[:8]}" for one in older)
        which = "the older one" if len(older) == 1 else "the older ones"
        warn(f"{name} now has {len(older) + 1} keys; to revoke {which}: {revoke_them}")
    if json:
        answer({"ok": True, **_view(made), "key": key})
        return
    say(f"{name}: {_scope(made)}; valid {_until(made)}")
    say("the key, which is not shown again; send it as `Authorization: Bearer KEY`, or type it at the dashboard:")
    print(key)


@api_key.command(name="list")
def list_(
    *,
    all_: Annotated[
        bool,
        Parameter(name="--all", negative=(), show_default=False, help="Expired and revoked keys as well."),
    ] = False,
    json: Json = False,
) -> None:
    """List the keys: what each may do, for which clinic, and when it was last used.

    Entries of `API_KEYS` are not listed: they may read and start syncs of all clinics.

    Example: `idexx-sync api-key list`
    """
    now = datetime.now(UTC)
    found = [key for key in _with_database(store.list_api_keys) if all_ or key.state(now) == "valid"]
    if json:
        for key in found:
            answer(_view(key) | {"state": key.state(now)})
        return
    console().print(_table(found, now) if found else "no key is stored; next: idexx-sync api-key new NAME")


@api_key.command
def revoke(
    key: Annotated[str, Parameter(help="Its name, or its id as listed.")],
    *,
    json: Json = False,
) -> None:
    """Revoke a key. Gateways refuse it within 10 seconds, and end its streams within 20.

    Example: `idexx-sync api-key revoke front-desk`
    """

    async def run(connection: Connection) -> ApiKey:
        return await store.revoke_api_key(connection, key, datetime.now(UTC))

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


def _view(key: ApiKey) -> dict[str, Any]:
    return {
        "id": key.id,
        "name": key.name,
        "clinic": key.clinic,
        "may": sorted(key.rights),
        "created_at": key.created_at,
        "created_by": key.created_by,
        "expires_at": key.expires_at,
        "last_used_at": key.last_used_at,
        "revoked_at": key.revoked_at,
    }


def _scope(key: ApiKey) -> str:
    return f"may {', '.join(sorted(key.rights))}, {f'clinic {key.clinic}' if key.clinic else 'all clinics'}"


def _until(key: ApiKey) -> str:
    return "until it is revoked" if key.expires_at is None else f"until {key.expires_at:%Y-%m-%d %H:%M} UTC"


def _table(found: Sequence[ApiKey], now: datetime) -> Any:
    shown = table(
        "name", "id", "may", "clinic", "expires", "last used", "made by", wrap=("name", "may", "made by")
    )
    for key in found:
        state = key.state(now)
        expires = "never" if key.expires_at is None else f"{key.expires_at:%Y-%m-%d}"
        shown.add_row(
            *(key.name, str(key.id)[:8], " ".join(sorted(key.rights)), key.clinic or "all"),
            expires if state == "valid" else f"[red]{state}[/]",
            *(ago(key.last_used_at, now), escape(key.created_by)),
        )
    return shown
