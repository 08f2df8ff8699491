"""Benchmarks, each compared with an ideal or with its peers: `python -m ops.bench NAME`."""
