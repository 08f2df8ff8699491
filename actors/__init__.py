"""The processes, when they act, and the resources they use."""

import sys

if "rich" not in sys.modules:
    # structlog imports rich, if it is installed, for a format of errors that is not used here: 4 MiB in each process.
    sys.modules["rich"] = None  # type: ignore[assignment]
    import structlog  # noqa: F401

    del sys.modules["rich"]
