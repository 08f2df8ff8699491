"""Checks everything that the system needs, and names a remedy for each problem.

A check is an async function that returns findings; it does not raise for the problems it checks for. All checks
run concurrently, each within `LIMIT` seconds, so that the doctor also finishes when a server hangs.
"""

from ops.doctor.finding import Finding, Grade, examine

__all__ = ["Finding", "Grade", "examine"]
