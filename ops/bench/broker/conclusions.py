"""Combines the medians of all brokers into one result, with our ratio to each peer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from ops.bench.result import Better, Figure, Ratio, Result

#: Goal for the 99th percentile of the time from `send` to the start of an actor. Milliseconds.
P99_MS = 10.0

OURS = "nats"


@dataclass(frozen=True, slots=True)
class Measure:
    """A measured quantity. `goal`: for our ratio to each peer."""

    name: str
    words: str
    unit: str
    better: Better
    goal: float | None = None


MEASURES = (
    Measure("end_to_end", "sent and run, one process, 8 threads", "1/s", Better.HIGHER, 1.0),
    Measure("drain_1x8", "drained by one process with 8 threads", "1/s", Better.HIGHER, 1.0),
    Measure("drain_2x4", "drained by two processes with 4", "1/s", Better.HIGHER, 1.0),
    Measure("enqueue_1", "sent in a loop, 1 thread", "1/s", Better.HIGHER),
    Measure("enqueue_8", "sent in a loop, 8 threads", "1/s", Better.HIGHER),
    Measure("enqueue_many", "sent together", "1/s", Better.HIGHER),
    Measure("cpu_s_per_10k", "CPU of all processes for 10,000", "s", Better.LOWER, 1.0),
    Measure("p50_ms", "from send to start at 200/s, p50", "ms", Better.LOWER),
    Measure("p99_ms", "from send to start at 200/s, p99", "ms", Better.LOWER),
)

#: Not compared with peers: of the latencies, only the median is stable enough.
NOT_COMPARED = ("p99_ms",)

Medians = Mapping[str, Mapping[str, float]]


def result_of(medians: Medians, messages: int, rounds: int) -> Result:
    return Result(
        "broker",
        {"messages": messages, "rounds": rounds},
        [*_figures(medians)],
        [*_ratios(medians), *_p99(medians)],
    )


def _figures(medians: Medians) -> Iterator[Figure]:
    for measure in MEASURES:
        for kind, found in medians.items():
            if measure.name in found:
                yield Figure(measure.words, kind, found[measure.name], measure.unit)


def _ratios(medians: Medians) -> Iterator[Ratio]:
    ours = medians.get(OURS, {})
    peers = [kind for kind in medians if not kind.startswith(OURS)]
    for measure in MEASURES:
        for peer in peers:
            theirs = medians[peer].get(measure.name)
            if measure.name in ours and theirs and measure.name not in NOT_COMPARED:
                name = f"{measure.words}: ours / {peer}"
                yield Ratio(name, ours[measure.name] / theirs, measure.better, measure.goal)


def _p99(medians: Medians) -> Sequence[Ratio]:
    """Returns the ratio of the limit to our p99, at most 1, because a margin below the limit does not matter."""
    if not (seen := medians.get(OURS, {}).get("p99_ms")):
        return []
    return [Ratio(f"p99 of ours: {P99_MS:g} ms / seen, at most 1", min(1.0, P99_MS / seen), Better.HIGHER, 1.0)]
