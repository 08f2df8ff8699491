"""A machine under a real Prometheus, for the drill of the alerts and for a look at the dashboard.

Each process counts in a folder of its own and is scraped by itself, as the containers of compose.yaml are: so a
figure of a machine is told once, and a process that ends takes its target with it. Prometheus is the one that is
installed here; the rules are those of ops/monitoring/prometheus.
"""
