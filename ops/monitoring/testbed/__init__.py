"""A machine monitored by a real Prometheus, for the alert drill and the dashboard preview.

Each process has its own folder for metrics and is scraped separately, like the containers of compose.yaml. So each
figure of a machine is reported once, and a process that ends takes its target with it. Uses the installed
Prometheus and the rules of ops/monitoring/prometheus.
"""
