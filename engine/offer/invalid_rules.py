"""The error of rules that cannot be used, with everything that is wrong with them."""

from __future__ import annotations

from collections.abc import Sequence

from engine.errors import BadRequest
from engine.offer.rules import ClinicRules


class InvalidRules(BadRequest):
    """Rules that are refused; nothing of them was stored. Each problem begins with the rule's key.

    `rules` are the parts without a problem, in which others may have one.
    """

    def __init__(self, problems: Sequence[str], rules: ClinicRules | None = None) -> None:
        self.problems = tuple(problems)
        self.rules = rules or ClinicRules()
        what = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
        super().__init__("\n    ".join([f"the rules have {what}, so nothing was changed:", *problems]))
