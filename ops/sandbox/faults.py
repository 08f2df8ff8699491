"""Selects the fault of a call: from the rules first, then from the fault settings for all calls."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from ops.sandbox.fault_settings import ALL_KINDS, DATA_KINDS, FaultSettings, Rule
from ops.sandbox.request_log import Call


@dataclass(slots=True)
class ArmedRule:
    rule: Rule
    skipped: int = 0
    hits: int = 0

    def strikes(self, call: Call, rng: Random) -> bool:
        """Whether the rule applies to this call; counts a matching call either way."""
        rule = self.rule
        if call.kind not in rule.on or not _holds(call, rule.date) or rule.count == self.hits:
            return False
        if self.skipped < rule.after:
            self.skipped += 1
            return False
        if rng.random() >= rule.probability:
            return False
        self.hits += 1
        return True


class FaultBoard:
    """The active rules. They keep their counts until they are set again; a clinic's rules precede global ones."""

    def __init__(self, seed: int) -> None:
        self._rng = Random(seed)
        self._armed: dict[str | None, list[ArmedRule]] = {}

    def arm(self, rules: Sequence[Rule], company_id: str | None) -> None:
        self._armed[company_id] = [ArmedRule(rule) for rule in rules]

    def reset(self, rules: Sequence[Rule]) -> None:
        self._armed = {}
        self.arm(rules, None)

    def for_call(self, call: Call, fault_settings: FaultSettings) -> Rule | None:
        scopes = (call.company_id, None) if call.company_id else (None,)
        for armed in (armed for scope in scopes for armed in self._armed.get(scope, ())):
            if armed.strikes(call, self._rng):
                return armed.rule
        return next((rule for rule in _standing(fault_settings) if call.kind in rule.on), None)


def _standing(fault_settings: FaultSettings) -> list[Rule]:
    """Returns the fault settings that apply to every call, as rules."""
    rules = []
    if fault_settings.maintenance:
        rules.append(Rule(on=ALL_KINDS, mode="maintenance"))
    if fault_settings.redirect_to:
        rules.append(
            Rule(
                on=("login_page", "page", *DATA_KINDS),
                mode="redirect",
                location=fault_settings.redirect_to,
            )
        )
    if fault_settings.hang is not None:
        rules.append(Rule(on=DATA_KINDS, mode="hang", seconds=fault_settings.hang))
    if fault_settings.cut_body:
        rules.append(Rule(on=DATA_KINDS, mode="cut_body"))
    if fault_settings.not_json:
        rules.append(Rule(on=DATA_KINDS, mode="not_json"))
    if fault_settings.empty:
        rules.append(Rule(mode="empty"))
    return rules


def _holds(call: Call, date: str | None) -> bool:
    """Whether a calendar call's range contains the day; texts of this form sort chronologically."""
    if date is None:
        return True
    start, end = call.query.get("start", ""), call.query.get("end", "")
    return start[:10] <= date and f"{date} 00:00:00" < end
