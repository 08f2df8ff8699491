"""The alert drill: causes every alert of ops/monitoring/prometheus/alerts.yaml, and checks that it fires and
resolves.

A scratch machine with the sandbox portal runs under a real Prometheus that scrapes each of its processes. For each
alert in turn, the drill causes the problem (`causes`), waits until Prometheus reports the alert as firing, applies
the remedy of ops/monitoring/runbook.md, and waits until the alert is resolved and no other alert fires.

The rules are the real ones with the real thresholds; only their durations are divided by `shorten_rules.FACTOR`, so
that "for five minutes" means five seconds. Durations of the system itself are not shortened: a sync is slow
after 60 s, a circuit breaker stays open for 30 s.
"""
