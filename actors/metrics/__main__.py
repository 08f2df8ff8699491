"""Prints docs/metrics.md."""

from actors.metrics.catalogue import table

PAGE = """# Metrics

Written by `python -m actors.metrics > docs/metrics.md`; a test holds it to the code.

`GET /metrics` answers in OpenMetrics, or in the older text format to those who do not accept it. *machine*: each
machine tells it of all of its processes; add up over the machines. *cluster*: one gateway tells it at a time; take
`max`, so that a change of gateways does not count twice.

"""

if __name__ == "__main__":
    print(PAGE + table(), end="")
