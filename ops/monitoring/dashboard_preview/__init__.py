"""Draws the Grafana dashboard without Grafana: `python -m ops.monitoring.dashboard_preview --picture
docs/dashboard.png`.

A scratch machine runs a scenario of normal days and failures (`days`) under a real Prometheus. Then every query of
every panel is executed, and each panel is drawn at its place and by its kind, with its units, names, thresholds and
mappings (`board`, `drawing`). Only the features of Grafana that our dashboard uses are supported; a panel that uses
another one fails.

It also reports the queries that returned nothing, which the test of the dashboard checks.
"""
