"""The commands `runs …`: show the latest syncs, and the state, changes and held removals of one of them."""

from cyclopts import App

from ops.cli.runs.changed import diff, undo
from ops.cli.runs.held import approve, plan, reject
from ops.cli.runs.latest import latest
from ops.cli.runs.one import show

runs = App(name="runs")
runs.default(latest)
for _command in (show, plan, approve, reject, diff, undo):
    runs.command(_command)
