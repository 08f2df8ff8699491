"""Which call misbehaves: the rules that were set, then the dials that stand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from ops.sandbox.dials import ALL_KINDS, Dials, Rule
from ops.sandbox.ledger import Call


@dataclass(slots=True)
class ArmedRule:
    rule: Rule
    skipped: int = 0
    hits: int = 0

    def strikes(self, call: Call, rng: Random) -> bool:
        """Whether this call is hit; counts it either way."""
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
    """Rules keep their counts until they are set anew; those of a clinic go before those of everyone."""

    def __init__(self, seed: int) -> None:
        self._rng = Random(seed)
        self._armed: dict[str | None, list[ArmedRule]] = {}

    def arm(self, rules: Sequence[Rule], company_id: str | None) -> None:
        self._armed[company_id] = [ArmedRule(rule) for rule in rules]

    def reset(self, rules: Sequence[Rule]) -> None:
        self._armed = {}
        self.arm(rules, None)

    def for_call(self, call: Call, dials: Dials) -> Rule | None:
        scopes = (call.company_id, None) if call.company_id else (None,)
        for armed in (armed for scope in scopes for armed in self._armed.get(scope, ())):
            if armed.strikes(call, self._rng):
                return armed.rule
        return next((rule for rule in _standing(dials) if call.kind in rule.on), None)


def _standing(dials: Dials) -> list[Rule]:
    """The dials that are a rule for every call."""
    rules = []
    if dials.maintenance:
        rules.append(Rule(on=ALL_KINDS, mode="maintenance"))
    if dials.redirect_to:
        rules.append(
            Rule(on=("login_page", "page", "calendar", "config"), mode="redirect", location=dials.redirect_to)
        )
    if dials.hang is not None:
        rules.append(Rule(on=("calendar", "config"), mode="hang", seconds=dials.hang))
    if dials.cut_body:
        rules.append(Rule(on=("calendar", "config"), mode="cut_body"))
    if dials.not_json:
        rules.append(Rule(on=("calendar", "config"), mode="not_json"))
    if dials.empty:
        rules.append(Rule(mode="empty"))
    return rules


def _holds(call: Call, date: str | None) -> bool:
    """Whether a calendar call's range holds the day; texts of this form sort as the times they are."""
    if date is None:
        return True
    start, end = call.query.get("start", ""), call.query.get("end", "")
    return start[:10] <= date and f"{date} 00:00:00" < end
