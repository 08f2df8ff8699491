"""A look at the Grafana dashboard where no Grafana is: `python -m ops.monitoring.dashboard_preview --picture
docs/dashboard.png`.

A scratch machine has good and bad days (`days`) under a real Prometheus; then every query of every panel is asked, and
each panel is drawn in its place and by its kind, with its units, names, thresholds and words (`board`, `drawing`).
What Grafana does with a panel is retold here only as far as our dashboard needs it; a panel that asks for more fails.

It tells also which queries answered nothing, which is what the test of the dashboard is about.
"""
