"""Compares the messages of all our errors with docs/troubleshooting.md, which has a remedy for each."""
