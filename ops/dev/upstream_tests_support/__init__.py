"""Support for running Dramatiq's own tests against NatsBroker; `ops/dev/upstream_tests` copies it beside them."""
