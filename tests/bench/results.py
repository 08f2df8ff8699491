"""Results as a benchmark would make them."""

from __future__ import annotations

from ops.bench.result import Better, Figure, Ratio, Result


def a_result(**ratios: float) -> Result:
    """`slower` is better when low, `faster` when high."""
    kinds = {"slower": Better.LOWER, "faster": Better.HIGHER}
    return Result(
        "sync",
        {"runs": 3},
        [Figure("1 s a call", "ours", 8.25, "s"), Figure("memory", "gateway", 50.0, "MiB")],
        [Ratio(name, value, kinds[name], 1.1 if name == "slower" else None) for name, value in ratios.items()],
        {"gateway": [50.0, 50.5, 50.25]},
        "MiB",
    )
