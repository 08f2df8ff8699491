"""`python -m actors.gateway`."""

import sys

from actors.gateway.main import main

if __name__ == "__main__":
    sys.exit(main())
