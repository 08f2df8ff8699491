"""Decides when calls to a failing portal pause, from shares of recent outcomes, without I/O.

There is one record for each clinic (its dates, each with the outcome of its last call) and one for the portal's
address (its clinics, each with the counts of its dates). A date that is tried six times counts once, so a few
hopeless dates among good ones pause nothing; and one clinic's failures never pause another clinic.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Self

from broker.primitives.circuit_breaker import Gate
from engine.failure import Reason


@dataclass(frozen=True, slots=True)
class Policy:
    """When calls pause, and for how long. Times in seconds."""

    #: Number of failing dates or clinics from which on calls pause.
    least_failing: int
    pause: float
    #: A caller that tries after a pause and reports no outcome for this long is given up.
    probe: float
    #: Share of failed calls from which on calls pause, and number of calls needed to decide.
    share: float = 0.8
    least_calls: int = 8
    #: Older outcomes do not count.
    window: float = 60.0


#: For one clinic: shorter than the address's pause, since only this clinic's calls show when it recovers.
CLINIC = Policy(least_failing=8, pause=20.0, probe=20.0)
#: For an address: the failures of one clinic say nothing about the others.
ADDRESS = Policy(least_failing=2, pause=30.0, probe=30.0)


@dataclass(frozen=True, slots=True)
class Scrape:
    """Outcomes of one scrape: for each date the reason of its failure, or None if the portal responded."""

    dates: Mapping[str, Reason | None]

    @property
    def answered(self) -> bool:
        return None in self.dates.values()

    @property
    def reason(self) -> Reason | None:
        """The reason of a failed date, if any failed."""
        return next((reason for reason in self.dates.values() if reason is not None), None)

    def outcomes(self, now: float) -> dict[str, Outcome]:
        return {day: Outcome(int(reason is not None), 1, now) for day, reason in self.dates.items()}


@dataclass(frozen=True, slots=True)
class Outcome:
    """Number of failed calls and of all calls for a subject: a date of a clinic, or a clinic of an address."""

    failed: int
    calls: int
    at: float


@dataclass(frozen=True, slots=True)
class Health(Gate):
    """The shared record of one clinic, or of the address."""

    outcomes: Mapping[str, Outcome] = field(default_factory=dict)
    #: Of the last failure.
    reason: Reason | None = None

    def record(self, scrape: Scrape, seen: Mapping[str, Outcome], now: float, policy: Policy) -> Self:
        """The record after a scrape that gave its subjects these outcomes.

        One date with a response ends a pause; a failed try after a pause begins another.
        """
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

    @classmethod
    def from_json(cls, value: bytes | None) -> Self:
        if value is None:
            return cls()
        fields = json.loads(value)
        fields["outcomes"] = {name: Outcome(**one) for name, one in fields["outcomes"].items()}
        fields["reason"] = fields["reason"] and Reason(fields["reason"])
        return cls(**fields)
