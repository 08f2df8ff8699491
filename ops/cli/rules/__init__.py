"""The commands `clinic rules …`: show, set, export and import what a clinic offers."""

from cyclopts import App

from ops.cli.rules.changing import set_
from ops.cli.rules.files import export, import_
from ops.cli.rules.showing import show

rules = App(name="rules", help="Say which columns count, and at which times they are offered.")
rules.default(show)
rules.command(show)
rules.command(set_, name="set")
rules.command(export)
rules.command(import_, name="import")
