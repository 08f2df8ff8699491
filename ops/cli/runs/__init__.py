"""`runs`: the latest syncs, and what one of them is, did, and holds back."""

from cyclopts import App

from ops.cli.runs.latest import latest

runs = App(name="runs", help_epilogue="Example: `idexx-sync runs cedar-creek --limit 5`")
runs.default(latest)
#: (name, where it is, one line of help)
for _name, _path, _line in (
    ("show", "one:show", "One sync: its state, its dates, who works on them."),
    ("plan", "held:plan", "The removals that a sync holds back, or the plan of a dry run."),
    ("approve", "held:approve", "Carry out the removals that a sync holds back."),
    ("reject", "held:reject", "Drop the removals that a sync holds back."),
    ("diff", "changed:diff", "What changed in a clinic's calendar between two syncs."),
    ("undo", "changed:undo", "Put back what a sync removed or changed."),
):
    runs.command(f"ops.cli.runs.{_path}", name=_name, help=_line)
