"""The console's keys, and the screen that lists them."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Static

KEYS: list[BindingType] = [
    ("question_mark", "help", "Help"),
    ("o", "open", "Open"),
    ("r", "retry", "Sync"),
    ("c", "cancel", "Cancel"),
    ("a", "approve", "Approve"),
    ("x", "reject", "Reject"),
    ("slash", "filter", "Filter"),
    ("s", "sort", "Sort"),
    Binding("d", "letters", "Dead letters", show=False),
    Binding("m", "machines", "Machines", show=False),
    Binding("escape", "leave", show=False),
    ("q", "quit", "Quit"),
    # Ctrl-C must also work while a filter is typed.
    Binding("ctrl+c", "quit", show=False, priority=True),
]

#: The keys that change something: a read-only console does not have them.
ACTIONS = frozenset({"cancel", "retry", "approve", "reject"})

#: The keys that another open screen disables.
ON_MAIN_SCREEN = frozenset({"help", "open", "letters", "filter", "sort", "machines", "leave"})

HELP = """\
[b]Enter, o[/]   open the selected clinic or sync
[b]Tab[/]        next panel: clinics, syncs, events
[b]/[/]          filter this panel; Esc shows all again
[b]s[/]          sort the clinics: problems, stalest, name
[b]r[/]          sync again; a clinic's first sync
[b]c[/]          cancel the selected sync
[b]a, x[/]       approve or reject its held removals
[b]d[/]          dead letters
[b]m[/]          narrow terminal: portal, mailboxes, browsers
[b]Esc[/]        back
[b]q[/]          quit

On a clinic, a key acts on its latest sync. Keys that
change something ask first. ~ counts what has changed.

Any key closes this help."""


class HelpScreen(ModalScreen[None]):
    """Lists the keys. Any key closes it."""

    def compose(self) -> ComposeResult:
        with Vertical(id="help"):
            yield Static(HELP)

    def on_key(self) -> None:
        self.dismiss()
