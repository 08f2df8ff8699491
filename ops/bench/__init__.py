"""Measurements, each beside the ideal or beside its peers: `python -m ops.bench NAME`."""
