"""Whether calls pause because the portal fails them: decided from shares of recent outcomes, without I/O.

There is one record for each clinic (its dates, each by the outcome of its last call) and one for the portal's address
(its clinics, each by the counts of its dates). A date that is tried six times counts once, so a few hopeless dates
among good ones pause nothing; and one clinic's failures never pause another clinic.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Literal, Self

from engine.failure import Reason

State = Literal["closed", "open", "half_open"]


@dataclass(frozen=True, slots=True)
class Policy:
    """When calls pause, and for how long. Times in seconds."""

    #: Failing dates or clinics that it takes.
    least_failing: int
    pause: float
    #: A caller that tries after a pause and says nothing for so long is given up.
    probe: float
    #: The share of failed calls from which on calls pause, and how many calls it takes to judge.
    share: float = 0.8
    least_calls: int = 8
    #: Outcomes that are older do not count.
    window: float = 60.0


#: Of one clinic: shorter than the portal's own pause, since only this clinic's calls say when it is over.
CLINIC = Policy(least_failing=8, pause=20.0, probe=20.0)
#: Of an address: the failures of one clinic say nothing about the others.
ADDRESS = Policy(least_failing=2, pause=30.0, probe=30.0)


@dataclass(frozen=True, slots=True)
class Scrape:
    """What came of each date that a scrape asked for: why the portal failed it, or None if it answered."""

    dates: Mapping[str, Reason | None]

    @property
    def answered(self) -> bool:
        return None in self.dates.values()

    @property
    def reason(self) -> Reason | None:
        """Of a date that failed, if any did."""
        return next((reason for reason in self.dates.values() if reason is not None), None)

    def outcomes(self, now: float) -> dict[str, Outcome]:
        return {day: Outcome(int(reason is not None), 1, now) for day, reason in self.dates.items()}


@dataclass(frozen=True, slots=True)
class Outcome:
    """The last calls for one subject (a date of a clinic, or a clinic of an address): how many failed of how many."""

    failed: int
    calls: int
    at: float


@dataclass(frozen=True, slots=True)
class Health:
    """What all processes share of one clinic, or of the address. Times are the server's; 0 is never."""

    outcomes: Mapping[str, Outcome] = field(default_factory=dict)
    #: Of the last failure.
    reason: Reason | None = None
    #: No call is made before this.
    open_until: float = 0.0
    #: One caller tries until then, alone.
    probe_until: float = 0.0

    def state(self, now: float) -> State:
        """closed: all calls are made; open: none; half_open: one caller may try."""
        if not self.open_until:
            return "closed"
        return "open" if now < self.open_until else "half_open"

    def admit(self, now: float, policy: Policy) -> tuple[Self, float]:
        """Whether a caller may go on (0.0), or for how many seconds it must wait."""
        match self.state(now):
            case "closed":
                return self, 0.0
            case "open":
                return self, self.open_until - now
        if now < self.probe_until:
            return self, self.probe_until - now
        return replace(self, probe_until=now + policy.probe), 0.0

    def record(self, scrape: Scrape, seen: Mapping[str, Outcome], now: float, policy: Policy) -> Self:
        """The state after a scrape, which gave its subjects these outcomes. One date that was answered ends a pause; a
        try after a pause that failed begins another."""
        recent = {name: one for name, one in self.outcomes.items() if now - one.at < policy.window}
        health = replace(self, outcomes=recent | dict(seen), reason=scrape.reason or self.reason)
        if scrape.answered:
            return replace(health, open_until=0.0, probe_until=0.0)
        if self.state(now) == "half_open" or health._is_failing(policy):
            return replace(health, open_until=max(self.open_until, now + policy.pause), probe_until=0.0)
        return health

    @property
    def failed(self) -> int:
        return sum(one.failed for one in self.outcomes.values())

    @property
    def calls(self) -> int:
        return sum(one.calls for one in self.outcomes.values())

    def _is_failing(self, policy: Policy) -> bool:
        failing = sum(one.failed >= policy.share * one.calls for one in self.outcomes.values())
        return (
            failing >= policy.least_failing
            and self.calls >= policy.least_calls
            and self.failed >= policy.share * self.calls
        )

    def to_json(self) -> bytes:
        return json.dumps(asdict(self)).encode()

    @classmethod
    def from_json(cls, value: bytes | None) -> Self:
        if value is None:
            return cls()
        fields = json.loads(value)
        fields["outcomes"] = {name: Outcome(**one) for name, one in fields["outcomes"].items()}
        fields["reason"] = fields["reason"] and Reason(fields["reason"])
        return cls(**fields)
