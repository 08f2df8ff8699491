"""When calls pause because the portal fails them: one clinic's failures pause that clinic, several the address."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import asdict, dataclass, field, replace

import nats
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nats.aio.client import Client

from actors.runtime.portal_health import ADDRESS, CLINIC, Health, Outcome, Policy, Scrape
from actors.runtime.portal_limits import PortalBreaker
from engine.failure import Reason

FORTNIGHT = [f"day {n}" for n in range(14)]
DOWN = Reason.PORTAL_UNAVAILABLE

Seen = Mapping[str, Reason | None]


def all_fail(days: list[str] = FORTNIGHT) -> Seen:
    return dict.fromkeys(days, DOWN)


def all_answered(days: list[str] = FORTNIGHT) -> Seen:
    return dict.fromkeys(days)


@dataclass
class Clinic:
    """The health of one clinic, at seconds of a clock of its own."""

    health: Health = field(default_factory=Health)

    def sees(self, dates: Seen, at: float) -> Clinic:
        scrape = Scrape(dates)
        return Clinic(self.health.record(scrape, scrape.outcomes(at), at, CLINIC))


def test_two_hopeless_dates_of_fourteen_pause_nothing_however_often_they_are_tried() -> None:
    clinic = Clinic().sees(all_answered() | all_fail(FORTNIGHT[:2]), 0)
    for at in (2, 6, 14, 30, 62, 300, 600):
        clinic = clinic.sees(all_fail(FORTNIGHT[:1]), at).sees(all_fail(FORTNIGHT[1:2]), at)
        assert clinic.health.state(at) == "closed"


def test_a_clinic_that_fails_pauses_and_one_try_decides_what_follows() -> None:
    clinic = Clinic().sees(all_fail(), 0)
    assert clinic.health.admit(5, CLINIC.probe)[1] == 15
    probing, wait = clinic.health.admit(20, CLINIC.probe)
    assert wait == 0
    assert probing.admit(21, CLINIC.probe)[1] == CLINIC.probe - 1, "only one tries"
    assert Clinic(probing).sees(all_fail(["day 0"]), 22).health.state(23) == "open"
    assert Clinic(probing).sees(all_answered(["day 0"]), 22).health.state(23) == "closed"
    assert probing.admit(41, CLINIC.probe)[1] == 0, "the trial call has no result yet"


def test_what_failed_a_while_ago_does_not_count() -> None:
    clinic = Clinic().sees(all_fail(FORTNIGHT[:7]), 0).sees(all_fail(FORTNIGHT[7:8]), CLINIC.window)
    assert clinic.health.state(CLINIC.window) == "closed"


def address(*clinics: tuple[int, int]) -> Health:
    """The address after each clinic has had so many failures of so many dates."""
    health = Health()
    for n, (failed, calls) in enumerate(clinics):
        scrape = Scrape(all_fail()) if failed == calls else Scrape(all_answered())
        health = health.record(scrape, {f"clinic {n}": Outcome(failed, calls, 0)}, 0, ADDRESS)
    return health


@pytest.mark.parametrize(
    ("clinics", "state"),
    [
        ([(14, 14)], "closed"),
        ([(60, 60), (2, 14)], "closed"),
        ([(14, 14), (14, 14)], "open"),
        ([(0, 14), (14, 14), (14, 14)], "closed"),
        ([(0, 1), (14, 14), (14, 14)], "open"),
        ([(1, 1), (1, 1)], "closed"),
    ],
)
def test_an_address_is_down_when_several_clinics_fail_and_hardly_any_call_is_answered(
    clinics: list[tuple[int, int]], state: str
) -> None:
    assert address(*clinics).state(1) == state


names = st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=1, max_size=3)
scrapes = st.dictionaries(names, st.sampled_from([None, Reason.TIMED_OUT, DOWN]), min_size=1, max_size=6)


@given(st.lists(st.tuples(st.booleans(), scrapes, st.floats(0, 40)), max_size=20))
def test_no_caller_ever_waits_longer_than_a_pause_or_a_try(steps: list[tuple[bool, Seen, float]]) -> None:
    policy: Policy = replace(CLINIC, least_failing=1, least_calls=1)
    health, now = Health(), 1.0
    for asks, seen, passed in steps:
        now += passed
        if asks:
            health, wait = health.admit(now, policy.probe)
            assert 0 <= wait <= max(policy.pause, policy.probe) + 1e-9  # the clock is a float
        else:
            health = health.record(Scrape(seen), Scrape(seen).outcomes(now), now, policy)
        assert Health.from_json(json.dumps(asdict(health)).encode()) == health


@pytest.fixture
async def client(nats_url: str) -> AsyncIterator[Client]:
    client = await nats.connect(nats_url)
    yield client
    await client.close()


@pytest.mark.anyio
async def test_a_clinic_that_fails_pauses_alone_for_all_workers_and_two_pause_the_address(
    client: Client, namespace: str
) -> None:
    here, there = (PortalBreaker(client, bucket=namespace, key="health.portal") for _ in range(2))
    await here.record("elm", all_fail())
    paused = await there.admit("elm")
    assert paused is not None
    assert paused.reason is DOWN, "the dates of the clinic share the reason, and its rule"
    assert "14 of its last 14 dates" in paused.message
    assert 0 < (paused.retry_after or 0) <= CLINIC.pause
    assert await there.admit("oak") is None
    assert await there.state() == "closed"

    await there.record("oak", all_fail())
    paused = await here.admit("ash")
    assert paused is not None
    assert (paused.reason, await here.state()) == (Reason.CIRCUIT_OPEN, "open")

    await here.record("ash", all_answered(["day 0"]))
    assert await there.state() == "closed"
