"""Errors that nobody expected, told to Sentry: what failed and where, with the sync, the clinic and the date.

Not told: what the portal does (that is a value, and the retry table's), and a server that is away for a while
(that is what retries and alerts are for) unless a message died of it. Nothing personal leaves: no local
variables, no breadcrumbs, no arguments, and of foreign exceptions the type only, since their words may quote.
"""

from __future__ import annotations

from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import sentry_sdk
from dramatiq.errors import BrokerConnectionError
from sentry_sdk.integrations.dedupe import DedupeIntegration
from sentry_sdk.utils import BadDsn

from actors.observability.redaction import NOT_TOLD, is_told
from actors.settings import Settings, SettingsError
from broker import MailboxFull
from engine.errors import Unavailable
from engine.task_group import leaves

if TYPE_CHECKING:
    from sentry_sdk.types import Event, Hint

#: Trouble that passes, or that is told otherwise.
EXPECTED = (Unavailable, MailboxFull, BrokerConnectionError)

#: How long the end of a process waits for reports under way, in seconds.
FLUSH_TIMEOUT = 2.0


def configure(settings: Settings, kind: str) -> None:
    """Reports of this process are sent from now on, if there is a `SENTRY_DSN`."""
    if settings.sentry_dsn is None:
        return
    try:
        sentry_sdk.init(
            settings.sentry_dsn.get_secret_value(),
            release=version("idexx-sync"),
            # What is not asked for is not collected: the integrations log, trace and hook on their own.
            default_integrations=False,
            integrations=[DedupeIntegration()],
            include_local_variables=False,
            max_breadcrumbs=0,
            before_send=scrub,
        )
    except BadDsn as error:
        raise SettingsError(f"SENTRY_DSN=(hidden): {error}; correct it or unset it") from None
    sentry_sdk.set_tag("process", kind)


def is_expected(error: BaseException) -> bool:
    """Whether it is trouble that passes; a group is if all of its errors are."""
    return all(isinstance(leaf, EXPECTED) for leaf in leaves(error))


def report(error: BaseException, **tags: str) -> None:
    """Reports an error, unless it is expected."""
    if not is_expected(error):
        _send(error, tags)


def report_death(error: BaseException, **tags: str) -> None:
    """Tells of a message that was given up, whatever it died of."""
    _send(error, {**tags, "given_up": "true"})


def close() -> None:
    """Sends what is left; blocks for seconds at most."""
    sentry_sdk.flush(FLUSH_TIMEOUT)


def _send(error: BaseException, tags: dict[str, str]) -> None:
    with sentry_sdk.new_scope() as scope:
        scope.set_tags(tags)
        sentry_sdk.capture_exception(error)


def scrub(event: Event, _hint: Hint) -> Event:
    """Leaves what is known to be harmless; whatever else an update of the SDK adds is dropped."""
    for told in _values(event, "exception"):
        if not is_told(str(told.get("module"))):
            told["value"] = NOT_TOLD
        for frame in told.get("stacktrace", {}).get("frames", []):
            frame.pop("vars", None)
    kept = {"event_id", "timestamp", "level", "platform", "release", "exception", "tags", "server_name", "sdk"}
    return {key: value for key, value in event.items() if key in kept}  # type: ignore[return-value]


def _values(event: Event, part: str) -> list[dict[str, Any]]:
    found: Any = event.get(part) or {}
    return list(found.get("values", []))
