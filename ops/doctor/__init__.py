"""Checks of everything that is needed, each with a remedy.

A check is an async function that answers findings; it raises nothing for what it looks for. All of them run at
once, each within `LIMIT` seconds, so that the doctor answers also when a server hangs.
"""

from ops.doctor.finding import Finding, Grade, examine

__all__ = ["Finding", "Grade", "examine"]
