"""Reports unexpected errors to Sentry, with the sync, the clinic and the date.

Not reported: portal failures (values for the retry table), and an unreachable server (a matter for retries and
alerts) unless it dead-lettered a message. No personal data leaves: no local variables, no breadcrumbs, no
arguments, and of third-party exceptions only the type, since their text may quote data.

The SDK takes several MiB of each process, so it is imported only where a `SENTRY_DSN` is set.
"""

from __future__ import annotations

from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from dramatiq.errors import BrokerConnectionError

from actors.observability.redaction import REDACTED, is_trusted
from actors.settings import Settings, SettingsError
from broker import MailboxFull
from engine.errors import Unavailable
from engine.task_group import leaves

if TYPE_CHECKING:
    from sentry_sdk.types import Event, Hint

#: Errors that pass, or that are reported otherwise.
EXPECTED = (Unavailable, MailboxFull, BrokerConnectionError)

#: Whether this process sends reports.
_is_configured = False

#: How long the end of a process waits for pending reports, in seconds.
FLUSH_TIMEOUT = 2.0


def configure(settings: Settings, kind: str) -> None:
    """Sends this process's reports from now on, if there is a `SENTRY_DSN`."""
    global _is_configured
    if settings.sentry_dsn is None:
        return
    import sentry_sdk
    from sentry_sdk.integrations.dedupe import DedupeIntegration
    from sentry_sdk.utils import BadDsn

    try:
        sentry_sdk.init(
            settings.sentry_dsn.get_secret_value(),
            release=version("idexx-sync"),
            # The default integrations log, trace and hook on their own, so they are off.
            default_integrations=False,
            integrations=[DedupeIntegration()],
            include_local_variables=False,
            max_breadcrumbs=0,
            before_send=scrub,
        )
    except BadDsn as error:
        raise SettingsError(f"SENTRY_DSN=(hidden): {error}; correct it or unset it") from None
    sentry_sdk.set_tag("process", kind)
    _is_configured = True


def is_expected(error: BaseException) -> bool:
    """Whether the error will pass; a group if all of its errors will."""
    return all(isinstance(leaf, EXPECTED) for leaf in leaves(error))


def report(error: BaseException, **tags: str) -> None:
    """Reports an error, unless it is expected."""
    if not is_expected(error):
        _send(error, tags)


def report_death(error: BaseException, **tags: str) -> None:
    """Reports the error of a message that was given up, even if it is expected."""
    _send(error, {**tags, "given_up": "true"})


def close() -> None:
    """Sends pending reports; blocks for `FLUSH_TIMEOUT` at most."""
    if _is_configured:
        import sentry_sdk

        sentry_sdk.flush(FLUSH_TIMEOUT)


def _send(error: BaseException, tags: dict[str, str]) -> None:
    if not _is_configured:
        return
    import sentry_sdk

    with sentry_sdk.new_scope() as scope:
        scope.set_tags(tags)
        sentry_sdk.capture_exception(error)


def scrub(event: Event, _hint: Hint) -> Event:
    """Keeps what is known to be harmless; whatever else an update of the SDK adds is dropped."""
    for exception in _values(event, "exception"):
        if not is_trusted(str(exception.get("module"))):
            exception["value"] = REDACTED
        for frame in exception.get("stacktrace", {}).get("frames", []):
            frame.pop("vars", None)
    kept = {"event_id", "timestamp", "level", "platform", "release", "exception", "tags", "server_name", "sdk"}
    return {key: value for key, value in event.items() if key in kept}  # type: ignore[return-value]


def _values(event: Event, part: str) -> list[dict[str, Any]]:
    found: Any = event.get(part) or {}
    return list(found.get("values", []))
