"""Checks the Grafana dashboard without Grafana: each of its queries has data in a real Prometheus.

`python -m ops.monitoring.dashboard_check` starts the whole system with a sandbox portal and a Prometheus that scrapes
it, has a bad day (`days.py`), and prints each query of the dashboard that has no value. Grafana's own model of a
dashboard (`grafana-foundation-sdk`) checks the file's form in `tests/metrics/test_dashboard.py`.
"""
