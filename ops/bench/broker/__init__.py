"""The actors that `python -m ops.bench broker` runs, and how its processes tell it what they have done."""
