"""The commands. Each is imported on use, so that `--help` is fast."""

from __future__ import annotations

from importlib.metadata import version

from cyclopts import App, Group, Parameter
from cyclopts.config import Env

from ops.cli.help_pages import ByPlace

_RUN = Group("Running it", sort_key=1)
_SYNC = Group("Syncs", sort_key=2)
_CLINIC = Group("Clinics", sort_key=3)
_OPERATE = Group("Operating it", sort_key=4)

#: (name, import path, group, one line of help), in the order of the help page.
COMMANDS = [
    ("up", "up:up", _RUN, "Run everything on this machine, until Ctrl-C."),
    ("demo", "demo:demo", _RUN, "Show all of it in a minute, with a sandbox portal and invented clinics."),
    ("gateway", "processes:gateway", _RUN, "Run one gateway: it takes requests from NATS."),
    ("worker", "processes:worker", _RUN, "Run one worker: coordinator, date_scraper, reconciler or notifier."),
    ("sandbox", "sandbox:sandbox", _RUN, "Run the sandbox portal."),
    ("sync", "sync:sync", _SYNC, "Sync a clinic, and follow it to its end."),
    ("watch", "watch:watch", _SYNC, "Show syncs live: one, a clinic's, or all."),
    ("cancel", "sync:cancel", _SYNC, "End a sync that waits or runs."),
    ("status", "status:status", _SYNC, "How fresh each clinic is, or one clinic's latest sync."),
    ("runs", "runs:runs", _SYNC, "The latest syncs; what one did, holds back, and how to undo it."),
    ("history", "history:history", _SYNC, "What became of an appointment."),
    ("evidence", "evidence:evidence", _SYNC, "What the portal showed when dates failed."),
    ("clinic", "clinic:clinic", _CLINIC, "Add, list, show and remove clinics."),
    ("credentials", "credentials:credentials", _CLINIC, "Set, test and re-encrypt what clinics sign in with."),
    ("console", "console:console", _OPERATE, "Everything that goes on, on one screen, with keys to act."),
    ("doctor", "doctor:doctor", _OPERATE, "Check everything that is needed, with a remedy for each."),
    ("migrate", "migrate:migrate", _OPERATE, "Bring the database's tables up to date."),
    ("dlq", "dlq:dlq", _OPERATE, "List, show, replay and drop dead letters."),
    ("nats-config", "nats_config:nats_config", _OPERATE, "Write a nats-server's configuration, with roles."),
    ("spec", "spec:spec", _OPERATE, "Print the interface as AsyncAPI, JSON Schemas or OpenAPI."),
    ("env", "env:env", _OPERATE, "Print how to reach the servers of `up`, for a shell."),
]

_EPILOGUE = (
    "Each command's own `--help` has an example. Every option is a variable, too: `sync --days` is "
    "`IDEXX_SYNC_SYNC_DAYS`. `idexx-sync --install-completion` teaches your shell the commands."
)


def build(named: str | None = None) -> App:
    """Builds the application. `named` is the typed command: its help is its own docstring, with the example. Other
    commands show their line from COMMANDS, so that they are not imported."""
    app = App(
        suppress_keyboard_interrupt=False,
        name="idexx-sync",
        help="Keeps the IDEXX Neo calendar of veterinary clinics in PostgreSQL.",
        # Only on the page that lists all commands; a command's own page ends with its options.
        help_epilogue=None if named and not named.startswith("-") else _EPILOGUE,
        help_format="markdown",
        help_formatter=ByPlace(),
        version=lambda: version("idexx-sync"),
        config=Env("IDEXX_SYNC_"),
        default_parameter=Parameter(show_env_var=False),
    )
    app.register_install_completion_command(help="Make the shell complete commands and options.")
    app["--help"].group = app["--version"].group = Group("Other", sort_key=9)
    for order, (name, path, group, line) in enumerate(COMMANDS):
        app.command(
            f"ops.cli.{path}", name=name, help=None if name == named else line, group=group, sort_key=order
        )
    return app
