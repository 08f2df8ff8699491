"""The alert drill: every alert of ops/monitoring/prometheus/alerts.yaml is caused, seen to fire, and seen to resolve.

A scratch machine with the sandbox portal runs under a real Prometheus that scrapes each of its processes. One after
the other, the drill brings about what an alert is there to tell (`causes`), waits until Prometheus says that it
fires, does what ops/monitoring/runbook.md says, waits until it is resolved, and until nothing else fires.

The rules are the real ones, thresholds included. Only their times are divided by `hurry.FACTOR`, so that "for five
minutes" means five seconds. Times that are ours and not Prometheus' are as they are: a sync is slow after 60 s, a
breaker stays open for 30 s.
"""
