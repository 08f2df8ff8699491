"""What the benchmarks conclude from what they have seen."""

from __future__ import annotations

from dataclasses import replace

import pytest

from actors.settings import Settings
from ops.bench import clinics, sync
from ops.bench.broker.conclusions import result_of as broker_result
from ops.bench.budget import busiest_second
from ops.bench.cancel_latency import result_of as cancel_latency_result
from ops.bench.memory import Sample
from ops.bench.memory import result_of as memory_result
from ops.bench.memory_use import Use, kind_of
from ops.sandbox.client import LoggedRequest


def settings(**values: float) -> Settings:
    return Settings.model_validate(values)


@pytest.mark.parametrize(
    ("concurrency", "span", "cold", "calls"),
    [(3, 1, False, 5), (3, 1, True, 8), (14, 1, False, 1), (3, 7, True, 4)],
)
def test_the_ideal_of_a_sync_counts_rounds_of_calls(concurrency: int, span: int, cold: bool, calls: int) -> None:
    chosen = settings(sync_concurrency=concurrency, scrape_span_days=span)
    assert sync.ideal(2.0, chosen, cold=cold) == 2.0 * calls


def test_one_clinic_cannot_use_more_than_its_own_places() -> None:
    assert clinics.ideal(1, 9, 1.0, settings(browser_pool_size=100, scrape_span_days=7)) == 4.0
    assert clinics.ideal(1, 17, 1.0, settings(browser_pool_size=100, scrape_span_days=1)) == 8.0


def test_many_clinics_are_held_by_the_browsers_or_by_the_budget() -> None:
    assert clinics.ideal(20, 360, 1.0, settings(browser_pool_size=2)) == 60.0
    assert clinics.ideal(20, 360, 1.0, settings(browser_pool_size=8)) == 36.0  # 350 at 10/s, and the last one


def test_equal_times_are_fair_and_one_that_has_everything_is_not() -> None:
    def fairness(*seconds: float) -> float:
        return clinics.Round(dict(zip("abcd", seconds, strict=False)), 1, 1, 1.0).fairness

    assert fairness(5.0, 5.0, 5.0, 5.0) == pytest.approx(1.0)
    assert fairness(0.0, 0.0, 0.0, 9.0) == pytest.approx(0.25)


def test_the_busiest_second_may_lie_between_two_seconds_of_the_clock() -> None:
    def call(at: float) -> LoggedRequest:
        return LoggedRequest(1, at, "GET", "/", {}, "calendar", None, 200, None, at, None)

    assert busiest_second([call(at) for at in (0.0, 0.6, 0.9, 1.1, 1.5, 1.65, 9.0)]) == 4


def samples(**growth: float) -> list[Sample]:
    """`growth`: MiB for each sync, by kind."""
    return [
        Sample({kind: Use(60.0, 50.0 + step * slope, 2, 40) for kind, slope in growth.items()}, 2)
        for step in range(40)
    ]


def test_what_grows_is_a_fault_that_names_it() -> None:
    [fault] = memory_result(samples(gateway=0.0, scrapers=0.5), 2).faults
    assert fault.startswith("scrapers grows")


def test_the_portal_may_grow() -> None:
    assert memory_result(samples(gateway=0.0, sandbox=0.5), 2).faults == []


def test_a_server_may_fill_its_buffers_and_no_more() -> None:
    seen = samples(gateway=0.0, **{"nats-server": 0.2})
    assert memory_result(seen, 2).faults == []
    [fault] = memory_result(samples(gateway=0.0, **{"nats-server": 2.0}), 2).faults
    assert fault.startswith("nats-server grows")


def test_files_that_are_left_open_are_a_fault() -> None:
    leaking = [
        replace(sample, uses={"gateway": replace(sample.uses["gateway"], files=40 + step)})
        for step, sample in enumerate(samples(gateway=0.0))
    ]
    [fault] = memory_result(leaking, 2).faults
    assert fault.startswith("gateway grows")


def test_a_browser_too_many_is_a_fault() -> None:
    seen = samples(gateway=0.0)
    [fault] = memory_result([*seen[:-1], replace(seen[-1], browsers=3)], 2).faults
    assert "[2, 3]" in fault


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("/usr/lib/chromium/chromium --type=renderer --headless", "chromium"),
        ("node /x/playwright/driver/package/cli.js run-driver", "playwright driver"),
        ("python -m dramatiq actors.app --threads 3 --queues date_scraper", "scrapers"),
        ("python -m dramatiq actors.app --threads 8 --queues coordinator", "coordinator"),
        ("python -m actors.gateway", "gateway"),
        ("sh -c something", "other"),
    ],
)
def test_a_process_is_known_by_its_command_line(line: str, kind: str) -> None:
    assert kind_of(line) == kind


def test_an_end_that_takes_too_long_counts_however_quick_the_others_were() -> None:
    ratios = {ratio.name: ratio for ratio in cancel_latency_result({"cancel": [(0.1, 0.1), (0.1, 1.4)]}).ratios}
    [ratio] = ratios.values()
    assert ratio.value == 0.5
    assert not ratio.meets_goal


def test_a_slower_broker_misses_its_goal() -> None:
    found = broker_result({"nats": {"end_to_end": 90.0, "p99_ms": 20.0}, "redis": {"end_to_end": 100.0}}, 10, 1)
    assert [(ratio.value, ratio.meets_goal) for ratio in found.ratios] == [(0.9, False), (0.5, False)]
