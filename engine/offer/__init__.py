"""What a clinic can offer to callers, and why. PostgreSQL decides (`idexx_sync.judged_starts`); this package has the
words for it."""
