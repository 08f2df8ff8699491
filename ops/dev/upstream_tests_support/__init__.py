"""What Dramatiq's own tests need in order to run against NatsBroker. `ops/dev/upstream_tests` puts it beside them."""
