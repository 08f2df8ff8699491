"""The commands. Each is imported on use, so that `--help` is fast."""

from __future__ import annotations

from importlib.metadata import version

from cyclopts import App, Group, Parameter
from cyclopts.config import Env

from ops.cli.help_pages import ByPlace

_RUN = Group("Run", sort_key=1)
_SYNC = Group("Syncs", sort_key=2)
_OFFER = Group("Offer", sort_key=3)
_CLINIC = Group("Clinics", sort_key=4)
_OPERATE = Group("Operate", sort_key=5)

#: (name, import path, group, one line of help), in the order of the help page.
COMMANDS = [
    ("up", "up:up", _RUN, "Run everything on this machine until Ctrl-C."),
    ("demo", "demo:demo", _RUN, "Run a one-minute demo with a sandbox portal and invented clinics."),
    ("gateway", "processes:gateway", _RUN, "Run one gateway, which serves requests on NATS and HTTP."),
    ("worker", "processes:worker", _RUN, "Run one worker: coordinator, date_scraper, reconciler or notifier."),
    ("sandbox", "sandbox:sandbox", _RUN, "Run the sandbox portal."),
    ("sync", "sync:sync", _SYNC, "Request a sync of a clinic and follow it to its end."),
    ("watch", "watch:watch", _SYNC, "Follow syncs live: one, those of a clinic, or all."),
    ("cancel", "sync:cancel", _SYNC, "Cancel a queued or running sync."),
    ("status", "status:status", _SYNC, "Show the freshness of each clinic, or one clinic's latest sync."),
    ("runs", "runs:runs", _SYNC, "List the latest syncs; show, compare, undo one; decide on held removals."),
    ("history", "history:history", _SYNC, "Show the changes of an appointment."),
    ("evidence", "evidence:evidence", _SYNC, "Show what the portal returned for failed dates."),
    ("free", "offer.free:free", _OFFER, "Show the times that a clinic can offer."),
    ("why", "offer.why:why", _OFFER, "Show why a clinic can offer a time, or why not."),
    ("appointments", "offer.appointments:appointments", _OFFER, "List the appointments of a day, with names."),
    ("clinic", "clinic:clinic", _CLINIC, "Add, list, show and remove clinics."),
    ("bookings", "bookings:bookings", _CLINIC, "List bookings by telephone, and decide about those that wait."),
    (
        "credentials",
        "credentials:credentials",
        _CLINIC,
        "Set, test and re-encrypt the clinics' portal credentials.",
    ),
    ("portal", "portal:portal", _CLINIC, "Record a session with a clinic's portal, masked."),
    ("forget", "forget:forget_", _CLINIC, "Erase one person from the database."),
    ("console", "console:console", _OPERATE, "Show everything live on one screen, with keys to act."),
    ("doctor", "doctor:doctor", _OPERATE, "Check all dependencies; print a remedy for each problem."),
    ("migrate", "migrate:migrate", _OPERATE, "Migrate the database's tables to this version."),
    ("dlq", "dlq:dlq", _OPERATE, "List, show, replay and drop dead letters."),
    ("key", "key:key", _OPERATE, "Make a key that encrypts secrets; re-encrypt them with another one."),
    ("api-key", "api_key:api_key", _OPERATE, "Make, list and revoke keys of the HTTP API."),
    ("calendar-feed", "calendar_feed:calendar_feed", _OPERATE, "Make, list and revoke calendars to subscribe to."),
    ("nats-config", "nats_config:nats_config", _OPERATE, "Write a nats-server configuration with roles."),
    (
        "container-credentials",
        "container_credentials:container_credentials",
        _OPERATE,
        "Create the secrets of an installation in containers.",
    ),
    ("spec", "spec:spec", _OPERATE, "Print the interface as AsyncAPI, JSON Schemas or OpenAPI."),
    ("env", "env:env", _OPERATE, "Print shell variables to connect to the servers of `up`."),
    ("help", "help:help_", _OPERATE, "Explain reasons, settings, exit statuses or a command."),
]

_EPILOGUE = (
    "Each command's own `--help` has an example. Every option can be set by an "
    "environment variable: `sync --days` is `IDEXX_SYNC_SYNC_DAYS`. Every command accepts `--color "
    "auto|always|never`. `idexx-sync --install-completion` installs shell completion."
)


def build(named: str | None = None) -> App:
    """Builds the application. `named` is the typed command: its help is its own docstring, with the example. Other
    commands show their line from COMMANDS, so that they are not imported."""
    app = App(
        suppress_keyboard_interrupt=False,
        name="idexx-sync",
        help="Copies the IDEXX Neo calendars of veterinary clinics to PostgreSQL.",
        # Only on the page that lists all commands; a command's own page ends with its options.
        help_epilogue=None if named and not named.startswith("-") else _EPILOGUE,
        help_format="markdown",
        help_formatter=ByPlace(),
        version=lambda: version("idexx-sync"),
        config=Env("IDEXX_SYNC_"),
        default_parameter=Parameter(show_env_var=False),
    )
    example = (
        "\n\nExample: `idexx-sync --install-completion --shell bash`" if named == "--install-completion" else ""
    )
    app.register_install_completion_command(help=f"Install shell completion of commands and options.{example}")
    app["--help"].group = app["--version"].group = Group("Other", sort_key=9)
    for order, (name, path, group, line) in enumerate(COMMANDS):
        app.command(
            f"ops.cli.{path}", name=name, help=None if name == named else line, group=group, sort_key=order
        )
    return app
