"""The command `doctor`: checks everything that the system needs."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from functools import partial

from ops.client.exit_status import Exit
from ops.doctor import Finding, Grade, examine
from ops.local.discovery import settings_here
from ops.terminal.output import Json, answer, console

MARKS = {Grade.PASS: "[green]✓[/]", Grade.WARN: "[yellow]![/]", Grade.FAIL: "[red]✗[/]"}


def doctor(*, json: Json = False) -> int:
    """Check all dependencies, and print a remedy for each problem. Exits with 1 if there is a problem.

    Example: `idexx-sync doctor`
    """
    findings = asyncio.run(_examine())
    failed = any(finding.grade is Grade.FAIL for finding in findings)
    if json:
        answer({"ok": not failed, "checks": [asdict(finding) for finding in findings]})
    else:
        _show(findings)
    return Exit.FAILED if failed else Exit.OK


async def _examine() -> list[Finding]:
    from ops.doctor.database import database
    from ops.doctor.limits import limits
    from ops.doctor.machine import browser, disk
    from ops.doctor.nats import nats
    from ops.doctor.portal_responses import portal

    settings = settings_here()
    checks = {"nats": nats, "postgresql": database, "disk": disk, "browser": browser}
    checks |= {"portal": portal, "rate limit": limits}
    return await examine([(name, partial(check, settings)) for name, check in checks.items()])


def _show(findings: list[Finding]) -> None:
    out = console()
    width = max(len(finding.name) for finding in findings)
    for finding in findings:
        out.print(f"{MARKS[finding.grade]} {finding.name:<{width}}  ", end="")
        out.print(finding.message, markup=False, soft_wrap=True)
        if finding.grade is not Grade.PASS and finding.remedy:
            out.print(f"  {'':<{width}}  → {finding.remedy}", style="dim", markup=False, soft_wrap=True)
