"""Independent clients of the interface."""
