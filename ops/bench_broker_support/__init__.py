"""The actors that `ops/bench_broker` runs, and how its processes tell it what they have done."""
