"""The broker benchmark, `python -m ops.bench broker`: its actors, its servers and its measurements."""
