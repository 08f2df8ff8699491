"""Resolves the columns and the provider that a person names for a feed, and names them again."""

from __future__ import annotations

from dataclasses import replace

from engine.calendar_feed.feed import CalendarFeed, FeedScope
from engine.clinic import Clinic
from engine.errors import BadRequest
from engine.offer.invalid_rules import InvalidRules
from engine.offer.rules import ClinicRules
from engine.store.calendar_feeds import known_providers
from engine.store.database import Connection
from engine.store.offer.rules import portal_names


async def resolve_scope(connection: Connection, clinic: Clinic, scope: FeedScope) -> FeedScope:
    """The scope with the portal's ids. Raises `BadRequest` for a column or a provider that the clinic does not have."""
    columns = scope.columns
    if columns is not None:
        names = await portal_names(connection, clinic.id)
        try:
            columns = names.resolve(ClinicRules(columns=columns), ClinicRules()).columns
        except InvalidRules as error:
            raise BadRequest("; ".join(error.problems)) from None
    provider = scope.provider
    if provider is not None:
        provider = _provider(provider, await known_providers(connection, clinic.id))
    return replace(scope, columns=columns, provider=provider)


async def named_scope(connection: Connection, feed: CalendarFeed) -> FeedScope:
    """The feed's scope with the portal's names instead of its ids, as a person reads it."""
    columns, provider = feed.scope.columns, feed.scope.provider
    if columns is not None:
        names = (await portal_names(connection, feed.clinic_id)).columns or {}
        columns = tuple(names.get(column, column) for column in columns)
    if provider is not None:
        known = dict(await known_providers(connection, feed.clinic_id))
        provider = known.get(provider, provider)
    return replace(feed.scope, columns=columns, provider=provider)


def _provider(wanted: str, known: list[tuple[str | None, str]]) -> str:
    """The provider's id, or its name if it has none."""
    named = [(id_, name) for id_, name in known if wanted == id_ or wanted.casefold() == name.casefold()]
    if len(named) == 1:
        [(id_, name)] = named
        return id_ or name
    if named:
        raise BadRequest(
            f"provider: {wanted!r} is the name of {' and '.join(str(id_) for id_, _ in named)}; use the id"
        )
    listed = ", ".join(name for _, name in known) or "none so far"
    raise BadRequest(f"provider: the portal has no provider {wanted!r}; it has {listed}")
